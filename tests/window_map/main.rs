//! A map is explored by ear and by hand: hovering, walking, picking, colouring, in the table and on the map alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;
mod comparing;
mod exploring;
mod tables;

use std::path::Path;

use eframe::{egui, egui_wgpu::RenderState};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{Command, LibraryCommand, MapCommand, ProbeCommand, SaveTo, WindowCommand},
    model::{
        Camera, Colouring, CurveKind, ListForm, MapForm, MapSide, Neighbour, Number, PointClass,
        ProbeJob, ProbeTab, Query,
    },
    workspace::Workspace,
};
use mynascope_embedding::Level;
use mynascope_map::Method;
use mynascope_probe::Task;

use common::{
    labelled::{SIZE, map_uploads, press, settle, show, sounds, wait, window},
    need_graphics,
};

/// A map of a small collection, in front.
fn mapped(folder: &Path) -> (Harness<'static, App>, RenderState) {
    let (mut harness, state) = window(folder);
    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    (harness, state)
}

/// Where a point of the map is on the screen.
fn on_screen(harness: &Harness<'_, App>, point: usize) -> egui::Pos2 {
    let mapping = &harness.state().model().mapping;
    let canvas = harness.get_by_label_contains("Map of ").rect();
    let chart = mapping.chart.as_ref().unwrap();
    let camera = mapping.camera.shown_in(canvas, chart.extent);
    camera.to_screen(canvas, chart.xy[point])
}
