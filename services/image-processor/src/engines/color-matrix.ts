import type { RgbSpace } from '@darkroom/image-file'

/** Red, green and blue, which are changed in place, so that millions of pixels leave no garbage. */
export type Light = Float32Array

type Row = readonly [number, number, number]
type Matrix = readonly [Row, Row, Row]
type Primaries = Pick<RgbSpace, 'primaries' | 'white'>

/** Applies a matrix to light. */
export function multiplication([[a, b, c], [d, e, f], [g, h, i]]: Matrix): (light: Light) => void {
  return (light) => {
    const [red, green, blue] = [light[0] ?? 0, light[1] ?? 0, light[2] ?? 0]
    light[0] = a * red + b * green + c * blue
    light[1] = d * red + e * green + f * blue
    light[2] = g * red + h * green + i * blue
  }
}

/** From the light of one space to that of the other, white to white. */
export function matrixBetween(from: Primaries, to: Primaries): Matrix {
  const adapted = product(adaptation(from.white, to.white), toXyz(from))
  return product(inverted(toXyz(to)), adapted)
}

/** To X, Y and Z: the matrix whose columns are the primaries, each as bright as all together give white. */
export function toXyz({ primaries, white }: Primaries): Matrix {
  const [red, green, blue] = primaries.map(xyzOf) as unknown as Matrix
  const columns = transposed([red, green, blue])
  const [r, g, b] = times(inverted(columns), xyzOf(white))
  return columns.map((row) => [row[0] * r, row[1] * g, row[2] * b]) as unknown as Matrix
}

function xyzOf([x, y]: RgbSpace['white']): Row {
  return [x / y, 1, (1 - x - y) / y]
}

/** Bradford's cone responses (ICC.1:2022, annex E). */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

function adaptation(from: RgbSpace['white'], to: RgbSpace['white']): Matrix {
  const [before, after] = [times(BRADFORD, xyzOf(from)), times(BRADFORD, xyzOf(to))]
  const cones = BRADFORD.map((row, i) => row.map((value) => (value * (after[i] ?? 0)) / (before[i] ?? 1)))
  return product(inverted(BRADFORD), cones as unknown as Matrix)
}

function times(matrix: Matrix, [x, y, z]: Row): Row {
  return matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as unknown as Row
}

function product(left: Matrix, right: Matrix): Matrix {
  const [a, b, c] = transposed(right)
  return transposed([times(left, a), times(left, b), times(left, c)])
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
  return [
    [(e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [(f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [(d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ]
}
