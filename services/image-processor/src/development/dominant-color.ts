import type { Preview } from '../engines/image-engine.ts'

/** A group of pixels with similar colors: how many there are, and the sums of their channels. */
interface Group {
  count: number
  red: number
  green: number
  blue: number
}

type Lab = readonly [lightness: number, a: number, b: number]

interface Color extends Group {
  /** OKLab, in which equal distances look equal. */
  lab: Lab
}

/** In OKLab: about the width of what has one name, as a blue sky or a lawn. */
const RADIUS = 0.15
/** In OKLab. Colors that are closer are not told apart. */
const STEP = 0.04
/** Saturated colors draw the eye: a pure red counts for 1.8 times as much as a grey. */
const CHROMA_WEIGHT = 3

/**
 * The color that a person would name, as `#rrggbb`: the mean around the densest place in OKLab, where saturated colors count
 * for more (decision 36). Pixels that are mostly transparent are ignored; if all are, the color is white.
 */
export function dominantColor(preview: Preview): string {
  const colors = mergeSimilar(groupsIn(preview))
  const weights = colors.map((color) => massAround(color, colors) * (1 + CHROMA_WEIGHT * chromaOf(color)))
  const centre = colors[weights.indexOf(Math.max(...weights))]
  return centre ? meanAround(centre, colors) : '#ffffff'
}

/** One pass over the pixels: 4096 boxes, 4 bits of each channel. */
function groupsIn({ rgba }: Preview): Group[] {
  const boxes: (Group | undefined)[] = new Array(4096).fill(undefined)
  for (let i = 0; i < rgba.length; i += 4) {
    if ((rgba[i + 3] ?? 0) < 128) continue
    const red = rgba[i] ?? 0
    const green = rgba[i + 1] ?? 0
    const blue = rgba[i + 2] ?? 0
    const box = ((red >> 4) << 8) | (green & 0xf0) | (blue >> 4)
    let group = boxes[box]
    if (!group) boxes[box] = group = { count: 0, red: 0, green: 0, blue: 0 }
    group.count++
    group.red += red
    group.green += green
    group.blue += blue
  }
  return boxes.filter((group) => group !== undefined)
}

/** A photograph fills up to a thousand boxes but about a hundred cells of OKLab. */
function mergeSimilar(groups: Group[]): Color[] {
  const cells = Map.groupBy(groups, (group) => cellOf(toOklab(group)))
  return [...cells.values()].map((cell) => {
    const [red, green, blue] = [sumOf(cell, 'red'), sumOf(cell, 'green'), sumOf(cell, 'blue')]
    const merged = { count: sumOf(cell, 'count'), red, green, blue }
    return { ...merged, lab: toOklab(merged) }
  })
}

/** Lightness is 0 to 1, the other two are −0.5 to 0.5. */
function cellOf([lightness, a, b]: Lab): number {
  const [x, y, z] = [lightness / STEP, (a + 0.5) / STEP, (b + 0.5) / STEP]
  return (Math.round(x) << 16) | (Math.round(y) << 8) | Math.round(z)
}

function sumOf<Key extends string>(items: Record<Key, number>[], key: Key): number {
  return items.reduce((sum, item) => sum + item[key], 0)
}

function massAround({ lab }: Color, colors: Color[]): number {
  return colors.reduce((mass, other) => mass + other.count * nearness(lab, other.lab), 0)
}

function meanAround({ lab }: Color, colors: Color[]): string {
  const near = colors.map((color) => ({ color, weight: nearness(lab, color.lab) }))
  const mean = (channel: keyof Group) =>
    near.reduce((sum, { color, weight }) => sum + weight * color[channel], 0)
  const mass = mean('count')
  return `#${hex(mean('red') / mass)}${hex(mean('green') / mass)}${hex(mean('blue') / mass)}`
}

/** 1 at the same place, 0 from `RADIUS` on. */
function nearness(one: Lab, other: Lab): number {
  const [lightness, a, b] = [one[0] - other[0], one[1] - other[1], one[2] - other[2]]
  return Math.max(0, 1 - (lightness * lightness + a * a + b * b) / (RADIUS * RADIUS))
}

function chromaOf({ lab: [, a, b] }: Color): number {
  return Math.hypot(a, b)
}

/** https://bottosson.github.io/posts/oklab/ */
function toOklab({ count, red, green, blue }: Group): Lab {
  const [r, g, b] = [toLinear(red / count), toLinear(green / count), toLinear(blue / count)]
  const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ]
}

function toLinear(value: number): number {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

function hex(value: number): string {
  return Math.round(value).toString(16).padStart(2, '0')
}
