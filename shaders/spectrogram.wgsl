// The picture of a track: numbers to colour, patch grid and mask in one pass. Whatever moves while a user drags a
// slider is a uniform, so nothing is uploaded then.

struct Uniforms {
    // Behind the picture; what dropped patches fade to. Colours are sRGB, not premultiplied.
    background: vec4f,
    patch_line: vec4f,
    patch_shade: vec4f,
    window_line: vec4f,
    // Size of the picture in pixels.
    size: vec2f,
    // Frame at the left edge, and visible frames.
    start_frame: f32,
    span_frames: f32,
    // Place on the band axis at the lower edge, and visible bands.
    low_band: f32,
    span_bands: f32,
    // Values of the brightest colour, and from there down to the darkest.
    top: f32,
    range: f32,
    // What the number 0 stands for, and one more.
    scale_low: f32,
    scale_step: f32,
    // Columns of the tiles' picture in a column of the mip that is shown, and its columns.
    column_frames: u32,
    columns: u32,
    // The first tile that is there.
    first_tile: u32,
    // 1: a pixel shows the loudest of its columns, not their mean.
    loudest: u32,
    // Row of the colour map.
    colour_row: u32,
    // 0: dropped patches stay; 1: nothing is left of them.
    overlay: f32,
    // Frames that are there.
    frames: u32,
    // 0 where no mask is drawn.
    windows: u32,
    // Tokens whose rank is not above this are dropped; ranks count from 1. 0 is always dropped and 65535 always kept.
    dropped: u32,
    // Windows side by side in a row of the rank texture.
    windows_per_row: u32,
    // 1 where the target stores linear light.
    linear_target: u32,
    // Columns of tokens in a window.
    token_columns: u32,
    // Bands of the tiles' picture.
    bands: u32,
    // Columns of the tiles' picture in a frame.
    columns_per_frame: f32,
    // Frames of a window, and from its start to that of the next one.
    window_frames: f32,
    hop_frames: f32,
    // Frames of a token, and from its start to that of the next one.
    token_frames: f32,
    token_step: f32,
    // How many frames the first window begins before the track: whole ones, and what is left.
    lead_frames: f32,
    lead_part: f32,
    // Rows of tokens on the band axis: where the lowest begins, from its start to that of the next one, and the number of the
    // highest line between rows.
    first_row: f32,
    row_step: f32,
    row_lines: f32,
    // The place on the band axis of the tiles' picture is that of the axis, times this and plus that.
    band_scale: f32,
    band_offset: f32,
    // Tokens of a window.
    tokens: u32,
    // Layers that hold the tiles from the first on, four in a vector.
    layers: array<vec4u, 8>,
    // For each band the first row of tokens that covers it, and from the ninth bit on how many do.
    rows_of_band: array<vec4u, 32>,
}

const BANDS: u32 = 128u;
const TILE_COLUMNS: u32 = 1024u;
const MOST_TILES: u32 = 32u;
// The mip is chosen so that no more columns lie in one pixel.
const MOST_SAMPLES: i32 = 4;
// Tokens that cover a place at most, along time and along frequency.
const MOST_OVERLAPPING: i32 = 2;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
// [layers][columns][bands]: tiles of the visible mip, in any order.
@group(0) @binding(1) var tiles: texture_2d_array<u32>;
// [maps][256]: colours, darkest first.
@group(0) @binding(2) var colours: texture_2d<f32>;
// For each token of each window its place in the drop order.
@group(0) @binding(3) var ranks: texture_2d<u32>;

struct Corner {
    @builtin(position) position: vec4f,
    // 0 to 1 from the left and from the top.
    @location(0) place: vec2f,
    // What the fragment stage branches by. Were these read from the uniforms there, Mesa's software rasteriser would
    // compile the stage anew for every frame, and before Mesa 23 never free it.
    @location(1) @interpolate(flat) columns_per_pixel: f32,
    // 1 where a mask is drawn; 1 where the target stores linear light.
    @location(2) @interpolate(flat) choices: vec2u,
}

// One triangle that covers the viewport, which is the picture's rectangle.
@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let place = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    var out: Corner;
    out.position = vec4f(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0);
    out.place = place;
    let columns = uniforms.span_frames * uniforms.columns_per_frame;
    out.columns_per_pixel = columns / uniforms.size.x / f32(uniforms.column_frames);
    out.choices = vec2u(min(uniforms.windows, 1u), uniforms.linear_target);
    return out;
}

fn number(column: i32, band: i32) -> f32 {
    let inside = u32(clamp(column, 0, i32(uniforms.columns) - 1));
    let tile = min(max(inside / TILE_COLUMNS, uniforms.first_tile) - uniforms.first_tile, MOST_TILES - 1u);
    let layer = uniforms.layers[tile / 4u][tile % 4u];
    let place = vec2u(u32(clamp(band, 0, i32(uniforms.bands) - 1)), inside % TILE_COLUMNS);
    return f32(textureLoad(tiles, place, layer, 0).r);
}

// Linear between the centres of two bands.
fn number_between(column: i32, band: f32) -> f32 {
    let low = floor(band - 0.5);
    let share = band - 0.5 - low;
    return mix(number(column, i32(low)), number(column, i32(low) + 1), share);
}

// The value of the columns in one pixel; between columns when a column is wider than a pixel.
fn value(column: f32, band: f32, columns_per_pixel: f32) -> f32 {
    var found = 0.0;
    if columns_per_pixel <= 1.0 {
        let left = floor(column - 0.5);
        let share = column - 0.5 - left;
        found = mix(number_between(i32(left), band), number_between(i32(left) + 1, band), share);
    } else {
        let samples = clamp(i32(ceil(columns_per_pixel)), 2, MOST_SAMPLES);
        var sum = 0.0;
        var most = 0.0;
        for (var index = 0; index < samples; index += 1) {
            let offset = (f32(index) + 0.5) / f32(samples) - 0.5;
            let one = number_between(i32(floor(column + offset * columns_per_pixel)), band);
            sum += one;
            most = max(most, one);
        }
        found = select(sum / f32(samples), most, uniforms.loudest == 1u);
    }
    return uniforms.scale_low + found * uniforms.scale_step;
}

// How often `width` goes into `place` as a whole; graphics cards may divide a little wrongly.
fn whole(place: f32, width: f32) -> f32 {
    let count = floor(place / width);
    let more = select(0.0, 1.0, (count + 1.0) * width <= place);
    let less = select(0.0, 1.0, count * width > place);
    return count + more - less;
}

// Whether all tokens are dropped that cover the middle of a frame and a band.
fn is_dropped(frame: f32, band: u32) -> bool {
    let place = floor(frame + uniforms.lead_frames) + 0.5 + uniforms.lead_part;
    let window = whole(place, uniforms.window_frames);
    let inside = place - window * uniforms.window_frames;
    let latest = i32(whole(inside, uniforms.token_step));
    let columns = i32(uniforms.token_columns);
    let rows = uniforms.rows_of_band[band / 4u][band % 4u];
    let first = (u32(window) % uniforms.windows_per_row) * uniforms.tokens;
    var covered = false;
    var kept = false;
    for (var back = 0; back < MOST_OVERLAPPING; back += 1) {
        let column = latest - back;
        let ends = f32(column) * uniforms.token_step + uniforms.token_frames;
        let is_there = column >= 0 && column < columns && inside < ends;
        for (var up = 0; up < MOST_OVERLAPPING; up += 1) {
            if is_there && up < i32(rows >> 8u) {
                let token = (i32(rows & 255u) + up) * columns + column;
                let x = first + u32(token);
                let y = u32(window) / uniforms.windows_per_row;
                covered = true;
                kept = kept || textureLoad(ranks, vec2u(x, y), 0).r > uniforms.dropped;
            }
        }
    }
    return covered && !kept;
}

// How clear lines are that lie `width` units apart, where a pixel reaches from `a` to `b`: those that would lie closer than a
// few pixels fade out instead of covering the picture, and those `all` pixels apart are as clear as they get.
fn clear(a: f32, b: f32, width: f32, all: f32) -> f32 {
    return smoothstep(5.0, all, width / max(b - a, 1e-9));
}

fn edge_frame(x: f32) -> f32 {
    return uniforms.start_frame + x * uniforms.span_frames / uniforms.size.x;
}

fn edge_band(y: f32) -> f32 {
    return uniforms.low_band + (uniforms.size.y - y) * uniforms.span_bands / uniforms.size.y;
}

fn to_linear(colour: vec3f) -> vec3f {
    let low = colour / 12.92;
    let high = pow((colour + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, colour <= vec3f(0.04045));
}

@fragment
fn pixel(in: Corner) -> @location(0) vec4f {
    let frame = uniforms.start_frame + in.place.x * uniforms.span_frames;
    let band = uniforms.low_band + (1.0 - in.place.y) * uniforms.span_bands;
    var colour = uniforms.background.rgb;
    if frame >= 0.0 && frame < f32(uniforms.frames) {
        let column = frame * uniforms.columns_per_frame / f32(uniforms.column_frames);
        let place_of_band = band * uniforms.band_scale + uniforms.band_offset;
        let found = value(column, place_of_band, in.columns_per_pixel);
        let share = clamp((found - uniforms.top) / uniforms.range + 1.0, 0.0, 1.0);
        let place = share * 255.0;
        let below = u32(place);
        let darker = textureLoad(colours, vec2u(below, uniforms.colour_row), 0).rgb;
        let brighter = textureLoad(colours, vec2u(min(below + 1u, 255u), uniforms.colour_row), 0).rgb;
        colour = mix(darker, brighter, fract(place));
        if in.choices.x == 1u {
            colour = masked(colour, frame, band, floor(in.place * uniforms.size));
        }
    }
    if in.choices.y == 1u {
        colour = to_linear(colour);
    }
    return vec4f(colour, 1.0);
}

// How clear the line between columns of tokens is in a column of pixels, and that between windows. Neighbouring pixels compute
// the edge between them from the same whole number, so that no line is lost to rounding.
fn upright(x: f32) -> vec2f {
    let lead = uniforms.lead_frames + uniforms.lead_part;
    let left = edge_frame(x) + lead;
    let right = edge_frame(x + 1.0) + lead;
    let windows = floor(vec2f(left, right) / uniforms.window_frames);
    let inside = vec2f(left, right) - windows * uniforms.window_frames;
    let last_column = f32(uniforms.token_columns) - 1.0;
    let columns = min(floor(inside / uniforms.token_step), vec2f(last_column));
    let at_window = windows.x != windows.y;
    let of_patch = f32(at_window || columns.x != columns.y) * clear(left, right, uniforms.token_step, 28.0);
    // Where the encoder's windows overlap, they begin between these lines too.
    let hops = floor(inside / uniforms.hop_frames);
    let begins = select(0.5 * f32(hops.x != hops.y), 1.0, at_window);
    return vec2f(of_patch, begins * clear(left, right, uniforms.hop_frames, 28.0));
}

// The same of the line between rows of tokens in a row of pixels. There are few of them: in a low picture they are needed to see
// that patches are squares.
fn level(y: f32) -> f32 {
    let low = edge_band(y + 1.0);
    let high = edge_band(y);
    let rows = floor((vec2f(low, high) - uniforms.first_row) / uniforms.row_step);
    let lines = min(rows, vec2f(uniforms.row_lines));
    return f32(lines.x != lines.y) * clear(low, high, uniforms.row_step, 16.0);
}

fn masked(
    picture: vec3f,
    frame: f32,
    band: f32,
    // Whole pixels from the picture's left and top edge.
    cell: vec2f,
) -> vec3f {
    var colour = picture;
    if is_dropped(frame, min(u32(band), BANDS - 1u)) {
        // Towards grey and towards the background: what is dropped keeps neither colour nor brightness.
        let grey = vec3f(dot(colour, vec3f(0.30, 0.59, 0.11)));
        colour = mix(mix(colour, grey, uniforms.overlay), uniforms.background.rgb, uniforms.overlay);
    }
    // A dark line beside each bright one: the bright one is lost on loud sound, the dark one on silence.
    let here = upright(cell.x);
    let flat = level(cell.y);
    let shade = max(upright(cell.x - 1.0).x, level(cell.y - 1.0));
    colour = mix(colour, uniforms.patch_shade.rgb, uniforms.patch_shade.a * shade);
    colour = mix(colour, uniforms.patch_line.rgb, uniforms.patch_line.a * max(here.x, flat));
    return mix(colour, uniforms.window_line.rgb, uniforms.window_line.a * here.y);
}
