/** CIE 1931 x and y. */
type Chromaticity = readonly [x: number, y: number]

/** An RGB color space as formats declare it in numbers. */
export interface RgbSpace {
  /** Red, green, blue. */
  primaries: readonly [Chromaticity, Chromaticity, Chromaticity]
  white: Chromaticity
  /** From signal to light: `x ** g`, or with a linear part: `(a x + b) ** g` from `d` on, `c x` below it. */
  curve: readonly [g: number] | readonly [g: number, a: number, b: number, c: number, d: number]
}

type Row = [number, number, number]
type Matrix = [Row, Row, Row]

const D50: Row = [0.9642, 1, 0.8249]
/** Bradford's cone responses (ICC.1:2022, annex E). */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

/**
 * An ICC profile of the space, which engines convert from: a display profile of version 4.3 with a matrix and parametric
 * curves (ICC.1:2022, 8.3.3).
 *
 * @throws Error if the primaries span no space
 */
export function matrixProfile({ primaries, white, curve }: RgbSpace): Buffer {
  const toXyz = adaptedToD50(primaries.map(toXyzColumn), toXyzColumn(white))
  const column = (i: 0 | 1 | 2) => xyzTag([toXyz[0][i], toXyz[1][i], toXyz[2][i]])
  const trc = curveTag(curve)
  return assemble([
    ['desc', textTag('Declared in numbers')],
    ['cprt', textTag('CC0')],
    ['wtpt', xyzTag(D50)],
    ['rXYZ', column(0)],
    ['gXYZ', column(1)],
    ['bXYZ', column(2)],
    ['rTRC', trc],
    ['gTRC', trc],
    ['bTRC', trc],
  ])
}

function toXyzColumn([x, y]: Chromaticity): Row {
  return [x / y, 1, (1 - x - y) / y]
}

/** The matrix whose columns are the primaries, each as bright as all together give white, then adapted to D50. */
function adaptedToD50(columns: Row[], white: Row): Matrix {
  const [r, g, b] = columns as Matrix
  const unscaled = transposed([r, g, b])
  const brightness = times(inverted(unscaled), white)
  const scaled = unscaled.map((row) => row.map((value, i) => value * (brightness[i] ?? 0))) as Matrix
  const [from, to] = [times(BRADFORD, white), times(BRADFORD, D50)]
  const cones = BRADFORD.map((row, i) =>
    row.map((value) => (value * (to[i] ?? 0)) / (from[i] ?? 1)),
  ) as Matrix
  return product(inverted(BRADFORD), product(cones, scaled))
}

function times(matrix: Matrix, [x, y, z]: Row): Row {
  return matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as Row
}

function product(left: Matrix, right: Matrix): Matrix {
  return transposed(transposed(right).map((column) => times(left, column)) as Matrix)
}

function transposed([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ]
}

function inverted([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  if (!(Math.abs(determinant) > 1e-6)) throw new Error('the primaries span no color space')
  return [
    [(e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [(f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [(d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ]
}

function s15Fixed16(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => {
    bytes.writeInt32BE(Math.round(value * 65536), 4 * i)
  })
  return bytes
}

const xyzTag = (xyz: Row) => Buffer.concat([Buffer.from('XYZ \0\0\0\0', 'latin1'), s15Fixed16(xyz)])

/** `para`: function 0 has one parameter, 3 has five. */
function curveTag(curve: RgbSpace['curve']): Buffer {
  const head = Buffer.from('para\0\0\0\0\0\0\0\0', 'latin1')
  head.writeUInt16BE(curve.length === 1 ? 0 : 3, 8)
  return Buffer.concat([head, s15Fixed16(curve)])
}

/** `mluc` with one record, in English. */
function textTag(text: string): Buffer {
  const head = Buffer.from('mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\0\0\0\0\x1c', 'latin1')
  head.writeUInt32BE(2 * text.length, 20)
  return Buffer.concat([head, Buffer.from(text, 'utf16le').swap16()])
}

/** A header of 128 bytes, a count, a table of tags, and their data at multiples of four. */
function assemble(tags: [name: string, data: Buffer][]): Buffer {
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length)
  let offset = 128 + table.length
  const bodies = tags.map(([name, data], i) => {
    table.write(name, 4 + 12 * i, 'latin1')
    table.writeUInt32BE(offset, 8 + 12 * i)
    table.writeUInt32BE(data.length, 12 + 12 * i)
    const body = Buffer.concat([data, Buffer.alloc(-data.length & 3)])
    offset += body.length
    return body
  })
  const header = Buffer.alloc(128)
  header.writeUInt32BE(offset)
  header.writeUInt32BE(0x04300000, 8)
  header.write('mntrRGB XYZ ', 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  s15Fixed16(D50).copy(header, 68)
  return Buffer.concat([header, table, ...bodies])
}
