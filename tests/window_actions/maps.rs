//! Actions of the map: what a verb makes too is the same, point for point.

use std::sync::Arc;

use mynascope::gui::{
    command::{Command, MapCommand, PictureCommand, SaveTo},
    model::{Camera, ListForm, ListTab, MapSide, PicturePanel, Selection},
    workspace::Workspace,
};
use mynascope_embedding::load_table;
use mynascope_map::Method;

use super::{Bench, Promises};

/// A map of every window, made by the action.
fn map(bench: &mut Bench) {
    bench.show(Workspace::Map);
    bench.act("compute-map");
    bench.settle();
}

/// Maps the table that was saved before, as one of a file.
fn table(bench: &mut Bench, id: &str) {
    let path = bench.file("save-embeddings-npz.npz");
    bench.apply(Command::Map(MapCommand::OpenTable(Some(path))));
    bench.until(id, |model| model.mapping.imported_chart().is_some());
    bench.settle();
}

/// Writes what an action would ask a path for, and returns where.
fn saves(
    bench: &mut Bench,
    id: &str,
    ending: &'static str,
    save: fn(SaveTo) -> MapCommand,
) -> std::path::PathBuf {
    bench.asks(id, &format!("{:?}", save(SaveTo::Asking(ending))));
    let path = bench.file(&format!("{id}.{ending}"));
    bench.apply(Command::Map(save(SaveTo::At(path.clone()))));
    bench.written(&path);
    path
}

/// The saved embeddings are those of the map.
fn saves_embeddings(bench: &mut Bench, id: &str, ending: &'static str) {
    let path = saves(bench, id, ending, MapCommand::SaveEmbeddings);
    let table = load_table(&path).unwrap();
    let chart = bench.model().mapping.chart.as_ref().unwrap();
    assert_eq!(table.values, chart.source.table.values, "{id}");
}

/// Another method lays the same embeddings out anew, as the verb does; the picture's command names it.
fn lays_out(bench: &mut Bench, id: &str, method: Method) {
    let table = |bench: &Bench| {
        let chart = bench.model().mapping.chart.as_ref().unwrap();
        Arc::clone(&chart.source)
    };
    let before = table(bench);
    bench.act(id);
    bench.settle();
    assert!(bench.asked(id).is_none(), "{id}: it is chosen already");
    let chart = bench.model().mapping.chart.as_ref().unwrap();
    assert_eq!(chart.layout.method, method);
    assert!(
        Arc::ptr_eq(&before, &table(bench)),
        "nothing is embedded again"
    );
    let line = bench.copies("copy-map-command");
    let verb = bench.file(&format!("{method}-verb.tsv"));
    bench.run(&line.replace("map.parquet", &verb.display().to_string()));
    let path = bench.file(&format!("{method}.tsv"));
    let save = MapCommand::SaveMap(SaveTo::At(path.clone()));
    bench.apply(Command::Map(save));
    bench.written(&path);
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(path), read(verb), "{id}");
    // So does the command of the map as a picture.
    bench.apply(Command::Picture(PictureCommand::Publish(PicturePanel::Map)));
    bench.clipboard.clear();
    bench.apply(Command::Picture(PictureCommand::CopyPanelCommand));
    for _ in 0..500 {
        if bench.clipboard.is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
            bench.frame();
        }
    }
    bench.apply(Command::Picture(PictureCommand::EditPublishing(None)));
    let line = &bench.clipboard;
    assert!(line.contains(&format!("--method {method}")), "{line}");
}

pub const MAP: Promises = &[
    ("compute-map", |bench, id| {
        assert!(bench.asked(id).is_none(), "another layout is shown");
        map(bench);
        // The verbs make the same map, point for point.
        bench.apply(Command::Map(MapCommand::Copy));
        bench.frame();
        let line = bench.clipboard.clone();
        bench.run(&line.replace("map.parquet", "map.tsv"));
        let verb = std::fs::read_to_string(bench.file("map.tsv")).unwrap();
        let path = saves(bench, "save-map-tsv", "tsv", MapCommand::SaveMap);
        assert_eq!(std::fs::read_to_string(path).unwrap(), verb);
    }),
    ("map-by-umap", |bench, id| {
        lays_out(bench, id, Method::Umap);
    }),
    ("map-by-pca", |bench, id| lays_out(bench, id, Method::Pca)),
    ("map-by-tsne", |bench, id| {
        lays_out(bench, id, Method::Tsne);
    }),
    ("hover-sound", |bench, id| {
        bench.toggles(id, |model| model.mapping.hover_sound);
    }),
    ("next-neighbour", |bench, id| {
        bench.act(id);
        bench.until(id, |model| model.neighbours.at == Some(0));
    }),
    ("previous-neighbour", |bench, id| {
        bench.sets(id, |model| model.neighbours.at, None);
    }),
    ("query-region", |bench, id| {
        let stretch = Selection {
            start_secs: 0.5,
            end_secs: 3.8,
        };
        let select = Command::edit_sound(bench.model(), |form| form.selection = Some(stretch));
        bench.apply(select);
        bench.act(id);
        bench.settle();
        let found = &bench.model().neighbours.found;
        assert!(!found.is_empty());
        assert!(found.is_sorted_by(|a, b| a.cosine >= b.cosine));
    }),
    ("query-file", |bench, id| {
        bench.asks(id, "ChooseQuery");
        let file = bench.model().library.track(3).unwrap().path.clone();
        bench.apply(Command::Map(MapCommand::QueryFile(file)));
        bench.settle();
        assert!(!bench.model().neighbours.found.is_empty());
        let form = ListForm {
            tab: ListTab::Neighbours,
            ..bench.model().lists.form
        };
        bench.apply(Command::Map(MapCommand::EditList(form)));
        bench.apply(Command::Map(MapCommand::CopyList));
        bench.frame();
        let verb = bench.json(&bench.clipboard.clone());
        let nearest = verb["neighbours"][0]["cosine"].as_f64().unwrap();
        let found = f64::from(bench.model().neighbours.found[0].cosine);
        assert!((nearest - found).abs() < 1e-4, "{nearest} and {found}");
    }),
    ("find-near-duplicates", |bench, id| {
        bench.act(id);
        bench.settle();
        let duplicates = bench.model().lists.duplicates.as_ref().unwrap();
        let count = duplicates.pairs.len();
        let form = ListForm {
            tab: ListTab::Duplicates,
            ..bench.model().lists.form
        };
        bench.apply(Command::Map(MapCommand::EditList(form)));
        bench.apply(Command::Map(MapCommand::CopyList));
        bench.frame();
        let verb = bench.json(&bench.clipboard.clone());
        assert_eq!(verb["duplicates"].as_array().unwrap().len(), count);
    }),
    ("save-map-tsv", |bench, id| {
        saves(bench, id, "tsv", MapCommand::SaveMap);
    }),
    ("save-map-parquet", |bench, id| {
        saves(bench, id, "parquet", MapCommand::SaveMap);
    }),
    ("save-map-picture", |bench, id| {
        bench.asks(id, "SavePicture");
    }),
    ("save-map-png", |bench, id| {
        let path = saves(bench, id, "png", MapCommand::SaveMap);
        assert!(image::open(path).unwrap().width() > 100);
    }),
    ("save-embeddings-npz", |bench, id| {
        saves_embeddings(bench, id, "npz");
    }),
    ("save-embeddings-parquet", |bench, id| {
        saves_embeddings(bench, id, "parquet");
    }),
    ("save-embeddings-tsv", |bench, id| {
        saves_embeddings(bench, id, "tsv");
    }),
    ("save-embeddings-safetensors", |bench, id| {
        saves_embeddings(bench, id, "safetensors");
    }),
    ("open-table", |bench, id| {
        bench.asks(id, "OpenTable(None)");
        let path = bench.file("save-embeddings-npz.npz");
        bench.apply(Command::Map(MapCommand::OpenTable(Some(path.clone()))));
        bench.until(id, |model| model.mapping.imported_chart().is_some());
        bench.settle();
        let imported = bench.model().mapping.imported_chart().unwrap();
        assert_eq!(imported.path, path);
        map(bench);
        assert!(bench.model().mapping.imported.is_none());
    }),
    ("compare-encoders", |bench, id| {
        bench.toggles(id, |model| model.mapping.second.is_some());
        bench.settle();
    }),
    ("choose-second", |bench, id| {
        assert!(bench.asked(id).is_none(), "there is one map");
        bench.act("compare-encoders");
        bench.asks(id, "ChooseSecond");
        bench.act("compare-encoders");
        bench.settle();
    }),
    ("find-sound", |bench, id| {
        assert!(bench.asked(id).is_none(), "the map is of the collection");
        table(bench, id);
        bench.asks(id, "FindSound(None)");
        map(bench);
    }),
    ("label-table", |bench, id| {
        assert!(bench.asked(id).is_none(), "the map is of the collection");
        table(bench, id);
        bench.asks(id, "LabelTable(None)");
        map(bench);
    }),
    ("close-table", |bench, id| {
        assert!(bench.asked(id).is_none(), "no table is open");
        table(bench, id);
        bench.sets(id, |model| model.mapping.imported.is_some(), false);
        bench.settle();
        map(bench);
    }),
    ("fit-map", |bench, id| {
        let near = Camera {
            zoom: 3.0,
            ..Camera::default()
        };
        bench.apply(Command::Map(MapCommand::Move(MapSide::Main, near)));
        bench.sets(id, |model| model.mapping.camera, Camera::default());
    }),
    ("show-all-labels", |bench, id| {
        assert!(bench.asked(id).is_none(), "all are shown");
        let hide = MapCommand::ToggleLabel("low".to_owned());
        bench.apply(Command::Map(hide));
        bench.sets(id, |model| model.mapping.hidden.len(), 0);
    }),
    ("copy-map-command", |bench, id| {
        let line = bench.copies(id);
        assert!(line.starts_with("mynascope embed "), "{line}");
    }),
    ("copy-list-command", |bench, id| {
        assert!(bench.copies(id).contains("mynascope neighbours "));
    }),
    ("stop-query", |bench, id| {
        assert!(bench.asked(id).is_none(), "nothing is looked for");
        let file = bench.model().library.track(2).unwrap().path.clone();
        bench.apply(Command::Map(MapCommand::QueryFile(file)));
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        bench.settle();
        assert!(!bench.model().neighbours.job.is_running());
    }),
    ("pause-map", |bench, id| {
        assert!(bench.asked(id).is_none(), "no map is being made");
        bench.act("compute-map");
        bench.act(id);
        assert!(bench.model().mapping.is_paused());
        bench.act(id);
        assert!(!bench.model().mapping.is_paused());
    }),
    ("stop-map", |bench, id| {
        if bench.asked(id).is_some() {
            bench.act(id);
        }
        assert!(!bench.model().mapping.job.is_running());
        bench.settle();
    }),
];
