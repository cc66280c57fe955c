// The points of a map: one quad an instance, one draw call for all of them.

struct Camera {
    // Middle of the picture in map units.
    centre: vec2<f32>,
    // Clip units a map unit, x and y.
    scale: vec2<f32>,
    // Clip units a physical pixel, x and y.
    pixel: vec2<f32>,
    // Radius of a point in physical pixels.
    radius: f32,
    // Radius of an emphasised point in physical pixels.
    emphasised_radius: f32,
    // Ring around emphasised points.
    ring: vec4<f32>,
    // Rim around plain points, premultiplied, laid over their colour.
    rim: vec4<f32>,
};

@group(0) @binding(0) var<uniform> camera: Camera;

struct Corner {
    @builtin(position) position: vec4<f32>,
    // Place in the quad in physical pixels from the middle of the point.
    @location(0) place: vec2<f32>,
    @location(1) @interpolate(flat) colour: vec4<f32>,
    @location(2) @interpolate(flat) radius: f32,
    @location(3) @interpolate(flat) ringed: f32,
    @location(4) @interpolate(flat) mark: u32,
};

@vertex
fn vertex(
    @builtin(vertex_index) index: u32,
    @location(0) point: vec2<f32>,
    // Red, green, blue; in the last byte the class (0 hidden, 1 plain, 2 emphasised, 3 grey) and above its four bits the mark.
    @location(1) paint: vec4<u32>,
) -> Corner {
    let class_of_point = paint.w & 15u;
    var radius = camera.radius;
    var alpha = 0.85;
    if class_of_point == 0u {
        radius = 0.0;
        alpha = 0.0;
    } else if class_of_point == 2u {
        radius = camera.emphasised_radius;
        alpha = 1.0;
    } else if class_of_point == 3u {
        alpha = 0.4;
    }
    // A strip of two triangles; a pixel more on each side for the soft edge.
    let side = vec2<f32>(f32(index & 1u) * 2.0 - 1.0, f32((index >> 1u) & 1u) * 2.0 - 1.0);
    var reach = 0.0;
    if radius > 0.0 {
        reach = 1.4 * radius + 1.0;
    }
    let place = side * reach;

    var corner: Corner;
    corner.position = vec4<f32>((point - camera.centre) * camera.scale + place * camera.pixel, 0.0, 1.0);
    corner.place = place;
    corner.colour = vec4<f32>(vec3<f32>(paint.xyz) / 255.0, alpha);
    corner.radius = radius;
    corner.mark = paint.w >> 4u;
    corner.ringed = select(0.0, 1.0, class_of_point == 2u);
    return corner;
}

// How far a place lies outside a mark of a radius: disc, square, triangle, diamond, plus. The same as `Mark::distance`.
fn outside(place: vec2<f32>, radius: f32, mark: u32) -> f32 {
    let away = abs(place);
    switch mark {
        case 1u: { return max(away.x, away.y) - 0.87 * radius; }
        case 2u: { return max(-place.y, 0.866 * away.x + 0.5 * place.y) - 0.65 * radius; }
        case 3u: { return (away.x + away.y) * 0.70711 - 0.87 * radius; }
        case 4u: {
            let along = max(away.x - 1.15 * radius, away.y - 0.42 * radius);
            let across = max(away.y - 1.15 * radius, away.x - 0.42 * radius);
            return min(along, across);
        }
        default: { return length(place) - radius; }
    }
}

// Colour with premultiplied alpha, in the gamma space that egui blends in.
fn disc(corner: Corner) -> vec4<f32> {
    let distance = outside(corner.place, corner.radius, corner.mark);
    let cover = clamp(0.5 - distance, 0.0, 1.0);
    let in_ring = corner.ringed * clamp(distance + 2.0, 0.0, 1.0);
    let in_rim = (1.0 - corner.ringed) * clamp(distance + 1.0, 0.0, 1.0);
    let rimmed = corner.colour.rgb * (1.0 - in_rim * camera.rim.a) + in_rim * camera.rim.rgb;
    let colour = mix(vec4<f32>(rimmed, corner.colour.a), camera.ring, in_ring);
    let alpha = colour.a * cover;
    return vec4<f32>(colour.rgb * alpha, alpha);
}

@fragment
fn fragment_gamma(corner: Corner) -> @location(0) vec4<f32> {
    return disc(corner);
}

// For targets that encode sRGB themselves.
@fragment
fn fragment_linear(corner: Corner) -> @location(0) vec4<f32> {
    let shade = disc(corner);
    let low = shade.rgb / 12.92;
    let high = pow((shade.rgb + 0.055) / 1.055, vec3<f32>(2.4));
    return vec4<f32>(select(high, low, shade.rgb < vec3<f32>(0.04045)), shade.a);
}
