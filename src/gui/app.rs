//! Wiring: holds the model, the tiles and the workers, and gives every frame its order.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use eframe::{
    egui::{self, Frame},
    egui_wgpu::wgpu,
};
use egui_tiles::{Behavior, SimplificationOptions, Tabs, Tile, TileId, Tiles, Tree, UiResponse};

use mynascope_audio::Player;
use mynascope_base::storage::Settings;

use super::{
    actions,
    command::{Command, LibraryCommand, WindowCommand},
    logic,
    message::{Message, Outbox},
    model::AppState,
    paint, panels, placement, saved_workspace, theme,
    work::{Workers, audition::AuditionWork},
    workspace::{Pane, Room, Workspace},
    zoom::zoom,
};

/// With what the window starts.
pub struct Start {
    /// Files and folders to open; none opens the demo collection.
    pub paths: Vec<PathBuf>,
    /// Settings from the last time.
    pub settings: Settings,
    /// What was wrong with the settings file.
    pub complaint: Option<String>,
    /// Whether anything shall be heard.
    pub sound: bool,
    /// Whether settings are written.
    pub remember: bool,
}

/// The window's program.
pub struct App {
    model: AppState,
    workers: Workers,
    inbox: Receiver<Message>,
    /// Of each workspace, for each room that a window may have for it.
    trees: [[Tree<Pane>; 3]; 5],
    /// How much room the window has for the shown workspace.
    room: Room,
    shown_theme: mynascope_base::storage::Theme,
    /// Until when the player is looked at although nothing moves.
    listen_until: Instant,
    /// The window was made to fit on its screen.
    fits: bool,
    /// When it was looked at last how the window is left.
    session_seen: Instant,
}

/// Messages of background work are taken in for so long each frame, so that a flood of them never stops the window.
const INBOX_TIME: Duration = Duration::from_millis(10);

/// How often it is looked at how the window is left.
const SESSION_EVERY: Duration = Duration::from_secs(1);

/// How long the player is looked at after a command.
const LISTEN_AFTER_COMMAND: Duration = Duration::from_millis(600);
/// How often, then.
const LOOK_AT_PLAYER_EVERY: Duration = Duration::from_millis(50);

impl App {
    /// Starts the workers and opens what was asked for.
    ///
    /// # Errors
    /// If the system gives no thread for the window's work.
    pub fn new(ctx: &egui::Context, start: Start) -> std::io::Result<Self> {
        let (outbox, inbox) = Outbox::new(ctx);
        let mut workers = Workers::start(outbox, start.sound, start.remember, &start.settings)?;
        let mut model = AppState {
            settings: start.settings,
            ..AppState::default()
        };
        model.keys.named = model.settings.key_names.clone();
        if let Some(complaint) = start.complaint {
            model.notices.error(complaint);
        }
        if let Some(player) = &workers.player {
            player.set_volume(model.settings.volume);
            player.choose_device(model.settings.sound_device.clone());
        }
        if let Ok(channel) = model.settings.channel.parse() {
            model.embeddings.source.channel = channel;
        }
        if let Ok(device) = model.settings.device.parse() {
            model.embeddings.source.device = device;
            model.training.form.device = device;
        }
        model.mask.form.shown = model.shows_mask(model.workspace);
        let shown_theme = model.settings.theme;
        theme::install(ctx, shown_theme);
        workers.fonts.watch(ctx);
        // The size is a setting, changed by actions like everything else.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_zoom_factor(zoom(ctx, &model));
        let open = if !start.paths.is_empty() {
            LibraryCommand::Open(start.paths)
        } else if model.settings.reopen {
            LibraryCommand::OpenLast
        } else {
            LibraryCommand::OpenDemo
        };
        let reopens = matches!(open, LibraryCommand::OpenLast);
        logic::begin_session(&mut model, reopens);
        logic::apply(&mut model, &mut workers, Command::Library(open));
        let trees = Workspace::ALL.map(|workspace| {
            Room::ALL.map(|room| {
                let kept = model.settings.layouts.get(&workspace.saved_name(room));
                kept.and_then(|tiles| saved_workspace::restore(workspace, room, tiles))
                    .unwrap_or_else(|| workspace.tree(room))
            })
        });
        // egui's renderer leaves out paint callbacks on the very first frame.
        ctx.request_repaint();
        Ok(Self {
            model,
            workers,
            inbox,
            trees,
            room: Room::Large,
            shown_theme,
            listen_until: Instant::now(),
            fits: false,
            session_seen: Instant::now(),
        })
    }

    /// Starts in a window of eframe: with the shaders compiled, and with errors of the graphics card as notices.
    ///
    /// # Errors
    /// If the system gives no thread for the window's work.
    pub fn create(creation: &eframe::CreationContext<'_>, start: Start) -> std::io::Result<Self> {
        let mut app = Self::new(&creation.egui_ctx, start)?;
        #[cfg(target_os = "linux")]
        {
            app.model.no_drops = super::focus::is_wayland(creation);
        }
        if let Some(state) = &creation.wgpu_render_state {
            paint::install(state);
            app.watch_graphics(&state.device);
        }
        Ok(app)
    }

    /// What is shown.
    pub fn model(&self) -> &AppState {
        &self.model
    }

    /// Carries out a command as if a panel had pushed it.
    pub fn apply(&mut self, command: Command) {
        if let Command::Window(WindowCommand::ResetWorkspace) = command {
            let workspace = self.model.workspace;
            if let Some(trees) = self.trees.get_mut(workspace.index()) {
                *trees = Room::ALL.map(|room| workspace.tree(room));
            }
        }
        // The player answers from its own thread, a moment later.
        self.listen_until = Instant::now() + LISTEN_AFTER_COMMAND;
        logic::apply(&mut self.model, &mut self.workers, command);
    }

    /// Plays on another player than the system's: to measure what is heard and when.
    ///
    /// # Errors
    /// If the system gives no thread for the window's work.
    pub fn play_on(&mut self, player: Player) -> std::io::Result<()> {
        let auditions = player.auditions();
        self.workers.audition = AuditionWork::start(&self.workers.outbox, Some(auditions))?;
        self.workers.player = Some(player);
        Ok(())
    }

    /// Whether the picture may still change without the user: something is opened, decoded, computed or trained.
    pub fn is_busy(&self) -> bool {
        let spectrogram = &self.model.spectrogram;
        let looking = self.model.shows_encoder_input()
            && matches!(spectrogram.state, super::model::PictureState::Ready { .. })
            && self
                .model
                .mask
                .input_kind()
                .is_some_and(|kind| spectrogram.asked_input(kind).is_none());
        spectrogram.is_computing()
            || looking
            || self.model.is_busy()
            // Threads first: what they have answered is in the inbox by then.
            || self.workers.is_busy()
            || !self.inbox.is_empty()
    }

    /// Whether the picture of the sound is shown, and not all of it is there yet.
    pub fn draws_sound(&self) -> bool {
        let spectrogram = &self.model.spectrogram;
        let sound = &spectrogram.sound;
        self.model.shows_sound()
            && spectrogram.picture().is_some()
            && sound.error.is_none()
            && !sound.is_whole()
    }

    /// Whether letters that were drawn for the first time may still bring a font.
    pub fn looks_for_fonts(&self) -> bool {
        self.workers.fonts.is_busy()
    }

    /// Turns errors of the graphics card into notices; without this they end the program.
    fn watch_graphics(&self, device: &wgpu::Device) {
        let outbox = self.workers.outbox.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            // Called on the window's own thread too, which empties the inbox: never wait for it here.
            outbox.send_if_room(Message::Graphics(error.to_string()));
        }));
    }

    /// Keeps how the window is, to begin with it again.
    fn keep_session(&mut self, ctx: &egui::Context) {
        self.session_seen = Instant::now();
        let place = placement::place_of(ctx, self.model.settings.session.window.as_ref());
        logic::follow_session(&mut self.model, &self.workers, place);
    }

    /// Takes in messages, reads the player and the keys. Paints nothing.
    pub fn before_frame(&mut self, ctx: &egui::Context) {
        if !self.fits {
            self.fits = placement::fit(ctx);
        } else if self.session_seen.elapsed() > SESSION_EVERY {
            self.keep_session(ctx);
        }
        let begin = Instant::now();
        while let Ok(message) = self.inbox.try_recv() {
            logic::receive(&mut self.model, &mut self.workers, message);
            if begin.elapsed() > INBOX_TIME {
                ctx.request_repaint();
                break;
            }
        }
        logic::listen(&mut self.model, &self.workers);
        logic::play_on(&mut self.model, &mut self.workers);
        logic::follow_radio(&mut self.model, &mut self.workers);
        logic::follow_prediction_timeline(&mut self.model, &mut self.workers);
        logic::follow_lesson(&mut self.model, &mut self.workers);
        logic::follow(&mut self.model, &mut self.workers);
        logic::follow_selection(&mut self.model, &mut self.workers);
        if let Some(after) = logic::follow_jobs(&mut self.model, Instant::now()) {
            ctx.request_repaint_after(after);
        }
        // One by one: what a key means depends on what the one before it did.
        let mut keys = actions::KeyReader::default();
        while let Some(command) = keys.next(ctx, &self.model) {
            self.apply(command);
        }
        let zoom = zoom(ctx, &self.model);
        if (ctx.zoom_factor() - zoom).abs() > 0.01 {
            ctx.set_zoom_factor(zoom);
        }
        if self.shown_theme != self.model.settings.theme {
            self.shown_theme = self.model.settings.theme;
            theme::show(ctx, self.shown_theme);
        }
        let now = ctx.input(|input| input.time);
        let fade = f64::from(theme::FADE_SECS);
        if let Some(secs) = self.model.notices.tick(now, fade) {
            ctx.request_repaint_after(Duration::from_secs_f64(secs));
        }
        if self.model.transport.playing {
            // The playhead moves.
            ctx.request_repaint();
        } else if Instant::now() < self.listen_until || self.model.transport.is_starting() {
            ctx.request_repaint_after(LOOK_AT_PLAYER_EVERY);
        }
    }

    /// The panes that are shown now.
    fn tree(&self) -> Option<&Tree<Pane>> {
        let trees = self.trees.get(self.model.workspace.index())?;
        trees.get(self.room as usize)
    }

    /// Brings the pane to the front that is asked for, whatever the size of the window.
    fn bring_to_front(&mut self) {
        let Some(wanted) = self.model.front.take() else {
            return;
        };
        let trees = self.trees.get_mut(self.model.workspace.index());
        for tree in trees.into_iter().flatten() {
            tree.make_active(|_, tile| matches!(tile, Tile::Pane(pane) if *pane == wanted));
        }
    }

    /// Draws everything, then carries out what the user did.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let mut commands = Vec::new();
        let tokens = theme::tokens(ui);
        panels::top::show(ui, &self.model, &mut commands);
        panels::lesson::strip(ui, &self.model, &mut commands);
        panels::transport::show(ui, &self.model, &mut commands);
        egui::CentralPanel::no_frame()
            .frame(Frame::new().fill(tokens.ground))
            .show(ui, |ui| {
                self.room = self.model.workspace.room(ui.available_size());
                self.bring_to_front();
                self.model.seen = self.tree().map(seen).unwrap_or_default();
                let mut view = View {
                    model: &self.model,
                    commands: &mut commands,
                    titles: Titles::default(),
                };
                let trees = self.trees.get_mut(self.model.workspace.index());
                if let Some(tree) = trees.and_then(|trees| trees.get_mut(self.room as usize)) {
                    tree.ui(&mut view, ui);
                }
                panels::toasts::set_title_room(ui, view.titles.widest_gap());
            });
        panels::overlays::show(ui, &self.model, &mut commands);
        // Tiles move only under the pointer.
        if ui.input(|input| input.pointer.any_released())
            && let Some(tiles) = self.tree().and_then(saved_workspace::to_text)
        {
            let keep = WindowCommand::SaveWorkspace(self.model.workspace, self.room, tiles);
            commands.push(Command::Window(keep));
        }
        if !commands.is_empty() {
            ui.ctx().request_repaint();
        }
        let (held, released) = ui.input(|input| {
            let pointer = &input.pointer;
            (pointer.any_down(), pointer.any_released())
        });
        self.model.history.hold(held || released);
        for command in commands {
            self.apply(command);
        }
        self.model.history.hold(held);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.before_frame(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
        if ui.input(|input| input.viewport().close_requested()) {
            self.keep_session(ui.ctx());
        }
    }

    fn on_exit(&mut self) {
        self.workers.save_settings_now(&self.model.settings);
    }
}

/// Whether a pane has its place to itself.
fn is_alone(tiles: &Tiles<Pane>, tile: TileId) -> bool {
    tiles
        .parent_of(tile)
        .and_then(|parent| tiles.get_container(parent))
        .is_some_and(|container| container.num_children() == 1)
}

/// The panes that are not behind another one.
fn seen(tree: &Tree<Pane>) -> Vec<Pane> {
    let tiles = tree.active_tiles().into_iter();
    let panes = tiles.filter_map(|tile| tree.tiles.get_pane(&tile).copied());
    panes.collect()
}

/// Where titles of panes stand in their bars.
#[derive(Default)]
struct Titles {
    /// Each bar, and how far its titles reach; the last is being drawn.
    bars: Vec<(egui::Rect, f32)>,
}

impl Titles {
    /// The widest part of the highest bars in which nothing is written.
    fn widest_gap(&self) -> Option<egui::Rect> {
        let bars = self.bars.iter();
        let top = bars.clone().map(|(bar, _)| bar.top()).reduce(f32::min)?;
        let highest = bars.filter(|(bar, _)| bar.top() < top + theme::ROW_HEIGHT);
        let gaps = highest.map(|(bar, end)| bar.with_min_x(*end));
        gaps.max_by(|a, b| a.width().total_cmp(&b.width()))
    }
}

/// What the tiles need to draw their panes.
struct View<'a> {
    model: &'a AppState,
    commands: &'a mut Vec<Command>,
    titles: Titles,
}

impl Behavior<Pane> for View<'_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let tokens = theme::tokens(ui);
        Frame::new().fill(tokens.surface).show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            panels::show(*pane, ui, self.model, self.commands);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        theme::small(pane.title()).into()
    }

    fn on_tab_button(
        &mut self,
        tiles: &mut Tiles<Pane>,
        tile: TileId,
        button: egui::Response,
    ) -> egui::Response {
        // A pane that stands alone has a title, no tab.
        if let Some(Tile::Pane(pane)) = tiles.get(tile)
            && !is_alone(tiles, tile)
        {
            button.widget_info(|| {
                let name = format!("Tab {}", pane.title());
                egui::WidgetInfo::labeled(egui::WidgetType::Button, true, name)
            });
        }
        if let Some((_, end)) = self.titles.bars.last_mut() {
            *end = end.max(button.rect.right());
        }
        button
    }

    fn top_bar_right_ui(
        &mut self,
        _tiles: &Tiles<Pane>,
        ui: &mut egui::Ui,
        _tile: TileId,
        _tabs: &Tabs,
        _scroll_offset: &mut f32,
    ) {
        let bar = ui.max_rect();
        self.titles.bars.push((bar, bar.left()));
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            // The tab bar is a pane's title and the handle to move it.
            all_panes_must_have_tabs: true,
            ..Default::default()
        }
    }

    fn tab_title_spacing(&self, _visuals: &egui::Visuals) -> f32 {
        theme::SPACE_LARGE
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        theme::ROW_HEIGHT
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        theme::UNIT
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        visuals.panel_fill
    }

    fn tab_bg_color(
        &self,
        visuals: &egui::Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        _state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        visuals.panel_fill
    }

    fn tab_outline_stroke(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        _state: &egui_tiles::TabState,
    ) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _visuals: &egui::Visuals) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_text_color(
        &self,
        visuals: &egui::Visuals,
        tiles: &Tiles<Pane>,
        tile: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active && !is_alone(tiles, tile) {
            visuals.strong_text_color()
        } else {
            visuals.weak_text_color()
        }
    }

    fn resize_stroke(&self, style: &egui::Style, state: egui_tiles::ResizeState) -> egui::Stroke {
        let colour = match state {
            egui_tiles::ResizeState::Idle => return egui::Stroke::NONE,
            egui_tiles::ResizeState::Hovering => style.visuals.widgets.hovered.bg_fill,
            egui_tiles::ResizeState::Dragging => style.visuals.hyperlink_color,
        };
        egui::Stroke::new(theme::UNIT, colour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{
        message::{ProbeMessage, ReadFor, TrainMessage},
        model::EmbedError,
    };

    /// Takes messages in until nothing is under way any more.
    fn settle(app: &mut App, ctx: &egui::Context) {
        let begin = Instant::now();
        while app.is_busy() {
            assert!(begin.elapsed() < Duration::from_secs(60), "busy for ever");
            app.before_frame(ctx);
            std::thread::sleep(Duration::from_millis(5));
        }
        app.before_frame(ctx);
    }

    #[test]
    fn jobs_that_panic_end_as_failed_ones_and_the_window_goes_on() {
        let ctx = egui::Context::default();
        let folder = tempfile::tempdir().unwrap();
        let start = Start {
            paths: vec![folder.path().to_path_buf()],
            settings: Settings::default(),
            complaint: None,
            sound: false,
            remember: false,
        };
        let mut app = App::new(&ctx, start).unwrap();
        settle(&mut app, &ctx);
        let before = app.model.notices.all().count();
        let outbox = app.workers.outbox.clone();
        let wrap = |update| Message::Probe(ProbeMessage::Job(update));
        let slot = &mut app.model.probing.job;
        slot.start("probe", &outbox, wrap, EmbedError::Failed, |_| {
            panic!("the head fell off")
        })
        .unwrap();
        let wrap = |update| Message::Train(TrainMessage::Read(ReadFor::Show, update));
        let slot = &mut app.model.training.past_job;
        slot.start(
            "read-run",
            &outbox,
            wrap,
            |fault| fault,
            |_| panic!("the log is torn"),
        )
        .unwrap();
        assert!(app.is_busy());
        settle(&mut app, &ctx);
        let model = app.model();
        assert_eq!(model.probing.error.as_deref(), Some("the head fell off"));
        let told = model.notices.all();
        let told: Vec<&str> = told.map(|notice| notice.text.as_str()).collect();
        assert_eq!(told.len(), before + 1);
        assert_eq!(told.first(), Some(&"the log is torn"));
        // The next job has its place.
        assert!(!model.probing.job.is_running() && !model.training.past_job.is_running());
    }
}
