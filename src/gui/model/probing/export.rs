//! What the Probe layout shows, as tables for other programs.

use super::{CurveKind, ProbeResult, ProbeTab, Probing, active_probe, scoreboard};

/// A table: its heading, then its rows.
pub type Sheet = Vec<Vec<String>>;

impl Probing {
    /// What a tab shows as a table; `None` while there is nothing.
    pub fn table(&self, tab: ProbeTab) -> Option<Sheet> {
        let result = self.result.as_ref();
        match tab {
            ProbeTab::Mistakes => result.map(|it| match it.has_classes() {
                true => confusion(it),
                false => answers(it, &it.mistakes),
            }),
            ProbeTab::Tracks => result.map(|it| answers(it, &self.order)),
            ProbeTab::Classes => result.map(classes),
            ProbeTab::Data => result.map(broken),
            ProbeTab::Diagnostics => {
                let shown = self.diagnosis.as_ref();
                shown
                    .filter(|it| !it.layers.is_empty())
                    .map(|it| it.sheet())
            }
            ProbeTab::Compare => self.comparison.as_ref().map(|it| it.sheet()),
            ProbeTab::Scoreboard => (!self.runs.is_empty()).then(|| scoreboard::table(&self.runs)),
            ProbeTab::Groups => self.groups_table(),
            ProbeTab::Use => self
                .predictions
                .as_ref()
                .map(|said| active_probe::table(said)),
            ProbeTab::MaskRatio => self.curve_table(CurveKind::MaskRatio),
            ProbeTab::Patchout => self.curve_table(CurveKind::Patchout),
            ProbeTab::Labels => self.curve_table(CurveKind::Labels),
            ProbeTab::Layers => self.curve_table(CurveKind::Layers),
        }
    }
}

impl Probing {
    fn groups_table(&self) -> Option<Sheet> {
        let tracks = self.groups.tracks();
        let mut sheet = vec![row(["path", "label"])];
        sheet
            .extend(tracks.map(|(path, group)| vec![path.display().to_string(), group.to_owned()]));
        (sheet.len() > 1).then_some(sheet)
    }

    fn curve_table(&self, kind: CurveKind) -> Option<Sheet> {
        Some(self.curve(kind)?.table(kind))
    }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn confusion(result: &ProbeResult) -> Sheet {
    let classes = &result.report.classes;
    let mut heading = vec!["true \\ predicted".to_owned()];
    heading.extend(classes.iter().cloned());
    let mut sheet = vec![heading];
    for (name, counts) in classes.iter().zip(&result.report.confusion) {
        let mut row = vec![name.clone()];
        row.extend(counts.iter().map(usize::to_string));
        sheet.push(row);
    }
    sheet
}

fn answers(result: &ProbeResult, order: &[usize]) -> Sheet {
    let weight = if result.has_classes() {
        "confidence"
    } else {
        "off"
    };
    let mut sheet = vec![row(["path", "title", "true", "predicted", weight, "right"])];
    for answer in order.iter().filter_map(|&at| result.answers.get(at)) {
        sheet.push(vec![
            answer.path.display().to_string(),
            answer.title.clone(),
            answer.truth.clone(),
            answer.said.clone(),
            answer.weight.to_string(),
            answer.right.to_string(),
        ]);
    }
    sheet
}

fn classes(result: &ProbeResult) -> Sheet {
    let [score, precision] = result.score_names();
    let mut sheet = vec![row(["name", "tested tracks", score, precision])];
    for target in &result.report.targets {
        sheet.push(vec![
            target.name.clone(),
            target.tracks.to_string(),
            target.score.to_string(),
            target
                .precision
                .map_or_else(String::new, |it| it.to_string()),
        ]);
    }
    sheet
}

fn broken(result: &ProbeResult) -> Sheet {
    let mut sheet = vec![row(["path", "why it was left out"])];
    for track in &result.found.broken {
        sheet.push(vec![track.path.display().to_string(), track.why.clone()]);
    }
    sheet
}
