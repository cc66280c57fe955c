//! Hebrew, Arabic and other scripts that run from right to left. egui shapes each word of them rightly, but lines the
//! words up from left to right; here what was laid out is put in the order of Unicode's bidirectional algorithm
//! (UAX #9), in one place for all that the window shows. Screen readers still get names as they are written.

use std::{collections::HashSet, ops::Range, sync::Arc};

use eframe::{
    egui::{self, Align, LayerId, Rect, Shape, layers::ShapeIdx},
    epaint::{
        TextShape,
        text::{ByteIndex, Galley, LayoutJob, PlacedRow, TextFormat},
    },
};
use unicode_bidi::{BidiClass, BidiDataSource, Level, ParagraphBidiInfo, bidi_class};

/// Puts words in order at the end of each frame.
pub struct RightToLeft;

impl egui::Plugin for RightToLeft {
    fn debug_name(&self) -> &'static str {
        "right to left"
    }

    fn on_end_pass(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx();
        let typed_in = field_in_use(ctx);
        let layers: HashSet<LayerId> = ctx.memory(|memory| {
            let areas = memory.layer_ids();
            areas.chain([LayerId::background()]).collect()
        });
        for layer in layers {
            // Laying text out takes the context's lock: first all that must change is copied.
            let found: Vec<(usize, Shape)> = ctx.graphics(|graphics| {
                let entries = graphics.get(layer).into_iter();
                let entries = entries.flat_map(|list| list.all_entries().enumerate());
                entries
                    .filter(|(_, clipped)| needs_order(&clipped.shape, typed_in))
                    .map(|(at, clipped)| (at, clipped.shape.clone()))
                    .collect()
            });
            for (at, mut shape) in found {
                put_in_order(ctx, &mut shape);
                ctx.graphics_mut(|graphics| {
                    if let Some(list) = graphics.get_mut(layer) {
                        list.mutate_shape(ShapeIdx(at), |clipped| clipped.shape = shape);
                    }
                });
            }
        }
    }
}

/// Where text is typed now: its cursor counts letters as egui lays them out.
fn field_in_use(ctx: &egui::Context) -> Option<Rect> {
    let id = ctx.memory(|memory| memory.focused())?;
    egui::text_edit::TextEditState::load(ctx, id)?;
    ctx.read_response(id).map(|response| response.rect)
}

fn needs_order(shape: &Shape, typed_in: Option<Rect>) -> bool {
    match shape {
        Shape::Text(text) => {
            has_right_to_left(text.galley.text())
                && !typed_in.is_some_and(|field| field.intersects(text.visual_bounding_rect()))
        }
        Shape::Vec(shapes) => shapes.iter().any(|shape| needs_order(shape, typed_in)),
        _ => false,
    }
}

fn put_in_order(ctx: &egui::Context, shape: &mut Shape) {
    match shape {
        Shape::Text(text) => order_text(ctx, text),
        Shape::Vec(shapes) => shapes.iter_mut().for_each(|shape| put_in_order(ctx, shape)),
        _ => {}
    }
}

fn order_text(ctx: &egui::Context, text: &mut TextShape) {
    if has_right_to_left(text.galley.text())
        && let Some(galley) = ordered(ctx, &text.galley)
    {
        text.galley = Arc::new(galley);
    }
}

fn is_right_to_left(letter: char) -> bool {
    // All such scripts come after Armenian.
    letter >= '\u{590}' && matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

/// Whether some of a text runs from right to left.
pub fn has_right_to_left(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_right_to_left)
}

/// The same rows with their words in order; `None` where the text has lines that egui did not break.
fn ordered(ctx: &egui::Context, galley: &Galley) -> Option<Galley> {
    let job = &galley.job;
    let mut paragraphs = paragraphs(job).into_iter();
    let mut paragraph = paragraphs.next()?;
    let mut from = paragraph.start;
    let mut new = galley.clone();
    let last = new.rows.len().checked_sub(1)?;
    for (at, row) in new.rows.iter_mut().enumerate() {
        let cut = galley.elided && at == last;
        let whole = !cut && (row.ends_with_newline || at == last);
        let rest = job.text.get(from..paragraph.end)?;
        let until = match whole {
            true => paragraph.end,
            false => from + shown_of(rest, row, cut),
        };
        let text = job.text.get(paragraph.clone())?;
        let base = direction(text);
        let line = Line {
            pieces: pieces(text, paragraph.start, from..until, base)?,
            is_first: at == 0,
            cut_at: cut.then_some((until, base)),
        };
        *row = lay_out(ctx, job, row, line);
        from = until;
        if row.ends_with_newline {
            paragraph = paragraphs.next()?;
            from = paragraph.start;
        }
    }
    let rows = || new.rows.iter().map(|row| &row.row.visuals);
    new.num_vertices = rows().map(|visuals| visuals.mesh.vertices.len()).sum();
    new.num_indices = rows().map(|visuals| visuals.mesh.indices.len()).sum();
    new.mesh_bounds = new.rows.iter().fold(Rect::NOTHING, |all, row| {
        all | row.visuals.mesh_bounds.translate(row.pos.to_vec2())
    });
    Some(new)
}

/// Where the paragraphs of a text stand in it.
fn paragraphs(job: &LayoutJob) -> Vec<Range<usize>> {
    if !job.break_on_newline {
        return std::iter::once(0..job.text.len()).collect();
    }
    let mut from = 0;
    let lines = job.text.split('\n');
    lines
        .map(|line| {
            let range = from..from + line.len();
            from = range.end + 1;
            range
        })
        .collect()
}

/// How many bytes of a text stand in a row. Within words that run from right to left egui's glyphs are not in the order
/// of the letters, nor as many; all others are counted one by one.
fn shown_of(text: &str, row: &PlacedRow, cut: bool) -> usize {
    // The sign for what is left out.
    let glyphs = row.glyphs.len() - usize::from(cut && !row.glyphs.is_empty());
    let shown = || row.glyphs.iter().take(glyphs).map(|glyph| glyph.chr);
    let mut others = shown().filter(|chr| !is_right_to_left(*chr)).count();
    let mut letters = shown().collect::<Vec<_>>();
    letters.reverse();
    let mut behind = letters
        .into_iter()
        .take_while(|chr| is_right_to_left(*chr))
        .count();
    for (at, chr) in text.char_indices() {
        match (is_right_to_left(chr), others) {
            (false, 0) => return at,
            (false, _) => others -= 1,
            (true, 0) if behind == 0 => return at,
            (true, 0) => behind -= 1,
            (true, _) => {}
        }
    }
    text.len()
}

/// A stretch of the text that egui lays out rightly by itself.
struct Piece {
    /// Where its letters stand in the whole text.
    range: Range<usize>,
    /// Another sign in their place: a bracket that opens the other way.
    mirrored: Option<char>,
}

/// The window's language runs from left to right, and so do lines that hold some of it; a name that is wholly in one of
/// the other scripts runs from the right, with its punctuation.
pub fn direction(paragraph: &str) -> Level {
    let mut classes = paragraph.chars().map(bidi_class);
    match classes.any(|class| class == BidiClass::L) {
        true => Level::ltr(),
        false => Level::rtl(),
    }
}

/// The window's own lines of several facts (`NAME · 3 tracks`): a number behind the dot is not the name's, so the dot
/// parts them as a letter of the window's language would.
struct Facts;

impl BidiDataSource for Facts {
    fn bidi_class(&self, letter: char) -> BidiClass {
        match letter {
            '\u{b7}' => BidiClass::L,
            other => bidi_class(other),
        }
    }
}

/// Cuts a line of a paragraph, which begins at a byte of the text, into pieces in the order from left to right.
fn pieces(paragraph: &str, begin: usize, line: Range<usize>, base: Level) -> Option<Vec<Piece>> {
    let line = line.start.checked_sub(begin)?..line.end.checked_sub(begin)?;
    let mut pieces = Vec::new();
    if line.is_empty() {
        return Some(pieces);
    }
    let info = match base.is_ltr() {
        true => ParagraphBidiInfo::new_with_data_source(&Facts, paragraph, Some(base)),
        false => ParagraphBidiInfo::new(paragraph, Some(base)),
    };
    let (levels, runs) = info.visual_runs(line);
    for run in runs {
        let text = paragraph.get(run.clone())?;
        if levels.get(run.start)?.is_ltr() {
            pieces.push(Piece {
                range: run.start + begin..run.end + begin,
                mirrored: None,
            });
            continue;
        }
        let first = pieces.len();
        let mut in_word = false;
        for (at, chr) in text.char_indices() {
            let start = run.start + begin + at;
            let range = start..start + chr.len_utf8();
            let joins = is_right_to_left(chr) || bidi_class(chr) == BidiClass::NSM && in_word;
            match pieces.last_mut() {
                // The shaper turns words around by itself.
                Some(Piece { range: word, .. }) if in_word && joins => word.end = range.end,
                _ => pieces.push(Piece {
                    range,
                    mirrored: mirrored(chr),
                }),
            }
            in_word = joins;
        }
        pieces.get_mut(first..)?.reverse();
    }
    Some(pieces)
}

/// The sign that stands for a bracket where text runs from right to left.
fn mirrored(chr: char) -> Option<char> {
    const PAIRS: [[char; 2]; 6] = [
        ['(', ')'],
        ['[', ']'],
        ['{', '}'],
        ['<', '>'],
        ['«', '»'],
        ['‹', '›'],
    ];
    PAIRS.iter().find_map(|&[open, close]| match chr {
        _ if chr == open => Some(close),
        _ if chr == close => Some(open),
        _ => None,
    })
}

/// A row to be laid out.
struct Line {
    /// From left to right.
    pieces: Vec<Piece>,
    /// Of the whole text.
    is_first: bool,
    /// Where the text does not fit any more, and from where it runs.
    cut_at: Option<(usize, Level)>,
}

/// Lays a row out anew in the place of the old one.
fn lay_out(ctx: &egui::Context, old: &LayoutJob, row: &PlacedRow, line: Line) -> PlacedRow {
    let Line {
        pieces,
        is_first,
        cut_at,
    } = line;
    let mut job = LayoutJob {
        break_on_newline: false,
        keep_trailing_whitespace: true,
        round_output_to_gui: old.round_output_to_gui,
        first_row_min_height: if is_first {
            old.first_row_min_height
        } else {
            0.0
        },
        ..LayoutJob::default()
    };
    let format = |byte: usize| match old.sections.is_empty() {
        true => TextFormat::default(),
        false => old.format_at_byte(ByteIndex(byte)).clone(),
    };
    let mut indent = match old.sections.first() {
        Some(section) if is_first => section.leading_space,
        _ => 0.0,
    };
    let sign = cut_at.zip(old.wrap.overflow_character);
    let sign = |job: &mut LayoutJob, base: Level, indent: &mut f32| {
        if let Some(((at, _), sign)) = sign.filter(|((_, run), _)| *run == base) {
            let text = sign.to_string();
            job.append(&text, std::mem::take(indent), format(at.saturating_sub(1)));
        }
    };
    sign(&mut job, Level::rtl(), &mut indent);
    for piece in pieces {
        let formats = old.sections.iter().filter(|section| {
            section.byte_range.start.0 < piece.range.end
                && section.byte_range.end.0 > piece.range.start
        });
        for section in formats {
            let from = section.byte_range.start.0.max(piece.range.start);
            let until = section.byte_range.end.0.min(piece.range.end);
            let text = match piece.mirrored {
                Some(sign) => sign.to_string(),
                None => old.text.get(from..until).unwrap_or_default().to_owned(),
            };
            job.append(&text, std::mem::take(&mut indent), section.format.clone());
        }
    }
    sign(&mut job, Level::ltr(), &mut indent);
    let laid = ctx.fonts_mut(|fonts| fonts.layout_job(job));
    let Some(new) = laid.rows.first() else {
        return row.clone();
    };
    let wider = new.size.x - row.size.x;
    let left = match old.halign {
        Align::Min => 0.0,
        Align::Center => 0.5 * wider,
        Align::Max => wider,
    };
    PlacedRow {
        pos: row.pos - egui::vec2(left, 0.0),
        row: Arc::clone(&new.row),
        ends_with_newline: row.ends_with_newline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What egui is given to lay out, from left to right; it turns each word around by itself.
    fn order(text: &str) -> String {
        let pieces = pieces(text, 0, 0..text.len(), direction(text)).unwrap();
        let drawn = pieces.into_iter().map(|piece| match piece.mirrored {
            Some(sign) => sign.to_string(),
            None => text[piece.range].to_owned(),
        });
        drawn.collect()
    }

    /// What the window draws, line by line.
    fn drawn(text: &str, label: impl Fn(egui::Label) -> egui::Label) -> Vec<String> {
        let ctx = egui::Context::default();
        ctx.add_plugin(RightToLeft);
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(
                egui::Pos2::ZERO,
                egui::vec2(160.0, 200.0),
            )),
            ..Default::default()
        };
        let output = ctx.run_ui(input, |ui| {
            ui.add(label(egui::Label::new(text)));
        });
        let texts = output
            .shapes
            .iter()
            .filter_map(|clipped| match &clipped.shape {
                Shape::Text(text) => Some(&text.galley.rows),
                _ => None,
            });
        texts
            .flatten()
            .map(|row| row.glyphs.iter().map(|glyph| glyph.chr).collect())
            .collect()
    }

    #[test]
    fn words_stand_from_right_to_left_and_latin_words_and_numbers_stay() {
        assert_eq!(order("שלום עולם"), "עולם שלום");
        assert_eq!(order("سلام عالم!"), "!عالم سلام");
        assert_eq!(order("01 שלום (עולם)"), "(עולם) שלום 01");
        assert_eq!(order("שלום 12 עולם"), "עולם 12 שלום");
        assert_eq!(order("שלום עולם \u{b7} dub"), "עולם שלום \u{b7} dub");
        assert_eq!(
            order("שלום עולם \u{b7} 1 track"),
            "עולם שלום \u{b7} 1 track"
        );
        assert_eq!(order("שלום 2 \u{b7} 12 s"), "2 שלום \u{b7} 12 s");
        assert_eq!(order("Nearest to שלום עולם"), "Nearest to עולם שלום");
        assert_eq!(order("שלום Remix"), "שלום Remix");
    }

    #[test]
    fn lines_are_put_in_order_where_they_were_broken_and_what_does_not_fit_is_cut_at_its_end() {
        assert_eq!(drawn("plain text", |label| label), ["plain text"]);
        // Each word is of one letter, which tells it apart.
        let words = |line: &str| -> String {
            let words = line.split_whitespace();
            words.filter_map(|word| word.chars().next()).collect()
        };
        let lines = drawn("א בב\nגגג דדדד", |label| label);
        let lines: Vec<_> = lines.iter().map(|line| words(line)).collect();
        assert_eq!(lines, ["בא", "דג"]);
        let text = "א בב גגג דדדד ההההה ווווווו זזזזזזזז חחחחחחחחח טטטטטטטטטט";
        let lines = drawn(text, |label| label.wrap());
        assert!(lines.len() > 1, "{lines:?}");
        assert!(words(&lines[0]).ends_with("גבא"), "{lines:?}");
        let all: usize = lines.iter().map(|line| words(line).chars().count()).sum();
        assert_eq!(all, 9, "{lines:?}");
        let lines = drawn(text, |label| label.truncate());
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with('…'), "{lines:?}");
        assert!(words(&lines[0]).ends_with("גבא"), "{lines:?}");
    }

    #[test]
    fn a_field_that_is_typed_in_stays_as_egui_lays_it_out() {
        let ctx = egui::Context::default();
        ctx.add_plugin(RightToLeft);
        let mut text = "א בב".to_owned();
        let mut frame = |focus: bool| {
            let output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let response = ui.text_edit_singleline(&mut text);
                match focus {
                    true => response.request_focus(),
                    false => response.surrender_focus(),
                }
            });
            let mut texts = output
                .shapes
                .into_iter()
                .filter_map(|clipped| match clipped.shape {
                    Shape::Text(text) => Some(text.galley.job.text.clone()),
                    _ => None,
                });
            texts.next().unwrap()
        };
        frame(true);
        assert_eq!(frame(true), "א בב");
        frame(false);
        frame(false);
    }
}
