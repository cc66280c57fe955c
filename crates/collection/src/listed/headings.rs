//! The headings by which the columns of a list are known, without signs and in lower case.

use super::languages::heading_form;
use crate::split::Part;

/// Headings of the column of the files, without signs and in lower case; the likeliest first.
pub(super) const FILE: [&str; 43] = [
    "file",
    "path",
    "filename",
    "filepath",
    "audio",
    "audiofile",
    "audiopath",
    "audiofilename",
    "audiofilepath",
    "audiofullpath",
    "files",
    "paths",
    "filenames",
    "filepaths",
    "fullpath",
    "relativepath",
    "relpath",
    "trackpath",
    "trackfile",
    "songpath",
    "songfile",
    "clippath",
    "mp3path",
    "mp3file",
    "mp3",
    "wavpath",
    "wavfile",
    "wav",
    "soundfile",
    "sound",
    "wavname",
    "slicefilename",
    "fname",
    "location",
    "uri",
    "url",
    "source",
    "src",
    "recording",
    "track",
    "song",
    "clip",
    "name",
];

/// Headings of columns that hold files only if files answer to them: numbers and names.
pub(super) const WEAK_FILE: [&str; 23] = [
    "track",
    "song",
    "clip",
    "name",
    "recording",
    "source",
    "src",
    "url",
    "trackid",
    "songid",
    "clipid",
    "musicid",
    "samplekey",
    "sampleid",
    "fileid",
    "audioid",
    "uttid",
    "utterance",
    "ytid",
    "youtubeid",
    "videoid",
    "id",
    "title",
];

pub(super) const LABEL: [&str; 22] = [
    "label",
    "genre",
    "class",
    "style",
    "category",
    "mood",
    "genretop",
    "topgenre",
    "maingenre",
    "genrename",
    "classname",
    "labelname",
    "subgenre",
    "instrument",
    "species",
    "emotion",
    "target",
    "y",
    "genreid",
    "classid",
    "language",
    "lang",
];

/// Headings of several labels or tags; where no field holds several, they are labels.
pub(super) const TAGS: [&str; 16] = [
    "tags",
    "tag",
    "labels",
    "genres",
    "moods",
    "styles",
    "instruments",
    "keywords",
    "classes",
    "categories",
    "taglist",
    "tagnames",
    "toptags",
    "moodtags",
    "genretags",
    "annotations",
];

/// Headings of how much there is of a row's tag, where each tag has a row.
pub(super) const TAG_WEIGHT: [&str; 7] = [
    "value",
    "present",
    "presence",
    "weight",
    "tagweight",
    "relevance",
    "confidence",
];

pub(super) const SPLIT: [&str; 20] = [
    "split",
    "set",
    "subset",
    "partition",
    "part",
    "dataset",
    "setsplit",
    "usage",
    "fold",
    "folds",
    "foldid",
    "foldindex",
    "foldnumber",
    "cvfold",
    "kfold",
    "phase",
    "traintest",
    "datasplit",
    "splitname",
    "mediaeval2013set",
];

/// Headings of columns that say of each file whether it is in a part.
pub(super) const IN_PART: [(&str, Part); 17] = [
    ("test", Part::Test),
    ("valid", Part::Valid),
    ("val", Part::Valid),
    ("validation", Part::Valid),
    ("train", Part::Train),
    ("istest", Part::Test),
    ("intest", Part::Test),
    ("isvalid", Part::Valid),
    ("isval", Part::Valid),
    ("isvalidation", Part::Valid),
    ("istrain", Part::Train),
    ("istraining", Part::Train),
    ("intrain", Part::Train),
    // As pandas' get_dummies names them.
    ("splittrain", Part::Train),
    ("splitvalid", Part::Valid),
    ("splitval", Part::Valid),
    ("splittest", Part::Test),
];

pub(super) const KEY: [&str; 14] = [
    "key",
    "keykey",
    "keyresult",
    "keytext",
    "tonic",
    "camelot",
    "camelotkey",
    "keyname",
    "musicalkey",
    "manualkey",
    "initialkey",
    "globalkey",
    "tonality",
    "keys",
];
pub(super) const MODE: [&str; 4] = ["mode", "scale", "keymode", "keyscale"];
pub(super) const TEMPO: [&str; 6] = [
    "tempo",
    "bpm",
    "tempobpm",
    "beatsperminute",
    "globaltempo",
    "tempos",
];
pub(super) const TITLE: [&str; 5] = ["title", "songtitle", "tracktitle", "songname", "trackname"];
/// What is learned where there is nothing else: artists, or who speaks or sings.
pub(super) const ARTIST: [&str; 9] = [
    "artist",
    "artistname",
    "trackartist",
    "artistid",
    "speaker",
    "speakerid",
    "spk",
    "spkid",
    "singer",
];
/// What is known to say nothing that is asked for here.
pub(super) const OTHERS: [&str; 18] = [
    "duration",
    "durationsecs",
    "seconds",
    "length",
    "lengths",
    "index",
    "unnamed0",
    "album",
    "albumid",
    "albumname",
    "year",
    "md5",
    "samplerate",
    "channels",
    "start",
    "end",
    "format",
    "codec",
];

/// Headings of the folder that a row's file lies in, beside a column of names.
pub(super) const FOLDER: [&str; 12] = [
    "folder",
    "foldername",
    "folderpath",
    "subfolder",
    "dir",
    "dirname",
    "dirpath",
    "directory",
    "subdir",
    "subdirectory",
    "audiofolder",
    "audiodir",
];

/// Whether a heading is one of those that are looked for.
pub(super) fn is_known(heading: &str) -> bool {
    is_known_in_english(&heading_form(heading))
}

/// Whether a heading in the form of [`heading_form`] is one of those that are looked for.
pub(super) fn is_known_in_english(name: &str) -> bool {
    FILE.contains(&name)
        || WEAK_FILE.contains(&name)
        || LABEL.contains(&name)
        || TAGS.contains(&name)
        || SPLIT.contains(&name)
        || KEY.contains(&name)
        || TEMPO.contains(&name)
        || TITLE.contains(&name)
        || ARTIST.contains(&name)
        || OTHERS.contains(&name)
        || FOLDER.contains(&name)
        || emotion(name).is_some()
        || IN_PART.iter().any(|(known, _)| *known == name)
}

/// Whether a heading may be that of a column of files.
pub(super) fn is_file(heading: &str) -> bool {
    let name = heading_form(heading);
    FILE.contains(&name.as_str()) || WEAK_FILE.contains(&name.as_str())
}

/// Whether a heading, without signs, may be that of the folders of files.
pub(super) fn is_folder(name: &str) -> bool {
    const ENDS: [&str; 5] = ["folder", "dir", "directory", "path", "root"];
    FOLDER.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a heading is that of several labels or tags.
pub(super) fn is_tags(heading: &str) -> bool {
    TAGS.contains(&heading_form(heading).as_str())
}

/// The dimension of emotion that a heading names: 0 arousal, 1 valence.
pub(super) fn emotion(name: &str) -> Option<usize> {
    let base = name.trim_start_matches("mean").trim_start_matches("static");
    let rest = |dimension: &str| {
        let rest = base.strip_prefix(dimension)?;
        let rest = rest.trim_start_matches("mean").trim_start_matches("avg");
        // What is left may name the scale: "arousal (0 to 1)".
        let scale = rest.trim_start_matches("scale").replace("to", "");
        scale
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(())
    };
    ["arousal", "valence"]
        .iter()
        .position(|dimension| rest(dimension).is_some())
}
