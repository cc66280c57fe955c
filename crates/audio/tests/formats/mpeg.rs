//! MPEG audio streams: .mp3, .mp2, .mp1.

use crate::common::{Workshop, assert_same};

#[test]
fn a_plain_mp3_is_what_ffmpeg_makes_of_it() {
    let shop = Workshop::new();
    let source = shop.source(44_100, 2, 3.0);
    let file = shop.path("plain.mp3");
    shop.run("lame", &["--quiet", "-b", "128", &source, &file]);
    assert_same(&file, &shop.reference(&file, 44_100), 1152);
}
