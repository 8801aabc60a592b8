import type { Pixels } from '../engines/pixels.ts'

/** A group of pixels with similar colors: how many there are, and the sums of their channels. */
interface Group {
  count: number
  red: number
  green: number
  blue: number
}

/** OKLab, in which equal distances look equal. */
interface Lab {
  /** 0 to 1. */
  lightness: number
  /** −0.5 to 0.5, as `b`. */
  a: number
  b: number
}

type Color = Group & Lab

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
export function dominantColor(preview: Pixels): string {
  const colors = mergeSimilar(groupsIn(preview))
  const weights = colors.map((color) => massAround(color, colors) * (1 + CHROMA_WEIGHT * chromaOf(color)))
  const centre = colors[weights.indexOf(Math.max(...weights))]
  return centre ? meanAround(centre, colors) : '#ffffff'
}

const BOXES = 4096

/** One pass over the pixels: 4096 boxes, 4 bits of each channel. */
function groupsIn({ data, channels, width }: Pixels): Group[] {
  const sums = new Int32Array(BOXES * 4)
  const rowBytes = width * channels
  for (let row = 0; row < data.length; row += rowBytes) addRow(data, row, row + rowBytes, channels, sums)
  const groups: Group[] = []
  for (let box = 0; box < sums.length; box += 4) {
    const count = sums[box] ?? 0
    if (count === 0) continue
    groups.push({ count, red: sums[box + 1] ?? 0, green: sums[box + 2] ?? 0, blue: sums[box + 3] ?? 0 })
  }
  return groups
}

/** Of each box: how many pixels, and the sums of their channels. */
function addRow(data: Buffer, from: number, to: number, channels: 3 | 4, sums: Int32Array): void {
  for (let i = from; i < to; i += channels) {
    if (channels === 4 && (data[i + 3] ?? 0) < 128) continue
    const red = data[i] ?? 0
    const green = data[i + 1] ?? 0
    const blue = data[i + 2] ?? 0
    const box = ((red >> 4) << 10) | ((green >> 4) << 6) | ((blue >> 4) << 2)
    sums[box] = (sums[box] ?? 0) + 1
    sums[box + 1] = (sums[box + 1] ?? 0) + red
    sums[box + 2] = (sums[box + 2] ?? 0) + green
    sums[box + 3] = (sums[box + 3] ?? 0) + blue
  }
}

/** A photograph fills up to a thousand boxes but about a hundred cells of OKLab. */
function mergeSimilar(groups: Group[]): Color[] {
  const cells = new Map<number, Group>()
  for (const group of groups) {
    const cell = cellOf(toOklab(group))
    const merged = cells.get(cell)
    if (merged) add(merged, group)
    else cells.set(cell, group)
  }
  return Array.from(cells.values(), (group) => ({ ...group, ...toOklab(group) }))
}

function add(to: Group, { count, red, green, blue }: Group): void {
  to.count += count
  to.red += red
  to.green += green
  to.blue += blue
}

function cellOf({ lightness, a, b }: Lab): number {
  return (
    (Math.round(lightness / STEP) << 16) | (Math.round((a + 0.5) / STEP) << 8) | Math.round((b + 0.5) / STEP)
  )
}

function massAround(centre: Color, colors: Color[]): number {
  let mass = 0
  for (const color of colors) mass += color.count * nearness(centre, color)
  return mass
}

function meanAround(centre: Color, colors: Color[]): string {
  const sum = { count: 0, red: 0, green: 0, blue: 0 }
  for (const color of colors) {
    const weight = nearness(centre, color)
    sum.count += weight * color.count
    sum.red += weight * color.red
    sum.green += weight * color.green
    sum.blue += weight * color.blue
  }
  return `#${[sum.red, sum.green, sum.blue].map((channel) => hex(channel / sum.count)).join('')}`
}

/** 1 at the same place, 0 from `RADIUS` on. */
function nearness(one: Lab, other: Lab): number {
  const lightness = one.lightness - other.lightness
  const a = one.a - other.a
  const b = one.b - other.b
  return Math.max(0, 1 - (lightness * lightness + a * a + b * b) / (RADIUS * RADIUS))
}

function chromaOf({ a, b }: Lab): number {
  return Math.hypot(a, b)
}

/** https://bottosson.github.io/posts/oklab/ */
function toOklab({ count, red, green, blue }: Group): Lab {
  const r = toLinear(red / count)
  const g = toLinear(green / count)
  const b = toLinear(blue / count)
  const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return {
    lightness: 0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    a: 1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    b: 0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  }
}

function toLinear(value: number): number {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

function hex(value: number): string {
  return Math.round(value).toString(16).padStart(2, '0')
}
