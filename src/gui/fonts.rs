//! Fonts of the system for letters that the window's own fonts lack.

use std::{collections::BTreeSet, sync::Arc};

use eframe::{
    egui::{FontDefinitions, FontFamily, Shape},
    epaint::text::{FontData, FontInsert, FontPriority, InsertFontFamily},
};

use mynascope_fonts::{MOST_BYTES, SystemFonts, is_drawn, letters_in};

/// Letters beyond ASCII.
pub type Letters = BTreeSet<char>;

/// What was found for letters.
#[derive(Default)]
pub struct Found {
    /// Fonts to add behind those that are there.
    pub fonts: Vec<FontInsert>,
    /// Letters that no font has.
    pub missing: Letters,
}

/// Takes in the letters of what is drawn.
pub fn letters_of(shape: &Shape, letters: &mut Letters) {
    match shape {
        Shape::Text(text) if !text.galley.text().is_ascii() => {
            let all = text.galley.text().chars();
            letters.extend(all.filter(|letter| !letter.is_ascii() && is_drawn(*letter)));
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| letters_of(shape, letters)),
        _ => {}
    }
}

/// What can be drawn, and what was looked for in vain.
pub struct FontFinder {
    own: FontDefinitions,
    system: Option<SystemFonts>,
    /// Letters that need no further looking for.
    settled: Letters,
    room: u64,
}

impl FontFinder {
    /// Begins with these fonts.
    pub fn new(own: FontDefinitions) -> Self {
        Self {
            own,
            system: None,
            settled: Letters::new(),
            room: MOST_BYTES,
        }
    }

    /// Whether the fonts of the system were looked at.
    #[cfg(test)]
    pub fn has_looked(&self) -> bool {
        self.system.is_some()
    }

    /// Fonts for letters that no font so far has. Each letter is looked for once.
    pub fn find(&mut self, letters: &Letters) -> Found {
        let new: Letters = letters.difference(&self.settled).copied().collect();
        self.settled.extend(&new);
        let mut lacking = new;
        let own = self.own.families.get(&FontFamily::Proportional);
        for font in own.into_iter().flatten() {
            if let Some(font) = self.own.font_data.get(font) {
                let has = letters_in(&font.font, font.index, &lacking);
                lacking.retain(|letter| !has.contains(letter));
            }
        }
        if lacking.is_empty() {
            return Found::default();
        }
        let mut fonts = Vec::new();
        let system = self.system.get_or_insert_with(SystemFonts::find);
        let found = system.covering(&lacking, self.room);
        for font in found.fonts {
            self.room = self.room.saturating_sub(font.data.len() as u64);
            // What it has is known from now on, so that the next letter of a script needs no second font.
            let mut data = FontData::from_owned(font.data);
            data.index = font.index;
            let name = format!("{} {}", font.name, font.index);
            let lowest = |family| InsertFontFamily {
                family,
                priority: FontPriority::Lowest,
            };
            let families = vec![
                lowest(FontFamily::Proportional),
                lowest(FontFamily::Monospace),
            ];
            fonts.push(FontInsert::new(&name, data.clone(), families));
            self.own.font_data.insert(name.clone(), Arc::new(data));
            let own = self.own.families.entry(FontFamily::Proportional);
            own.or_default().push(name);
        }
        Found {
            fonts,
            missing: found.missing,
        }
    }
}
