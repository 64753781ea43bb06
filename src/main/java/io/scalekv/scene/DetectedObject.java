package io.scalekv.scene;

/**
 * Object detected in an image.
 *
 * @param colour the colour most of its inner pixels are nearest to
 * @param shape the shape whose template overlaps it best
 * @param size from the radius; the border is the geometric mean of the two nominal radii
 * @param texture from how its shades alternate
 * @param x column of its centre, 0 to 1
 * @param y row of its centre, 0 to 1, downwards
 * @param radius of the best template, as a part of the image's side
 * @param area part of the image that it covers, 0 to 1
 */
public record DetectedObject(
    Colour colour,
    ShapeKind shape,
    ObjectSize size,
    Texture texture,
    double x,
    double y,
    double radius,
    double area) {}
