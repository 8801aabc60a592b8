/** Peak signal-to-noise ratio in decibels; from about 40 on, no eye tells two pictures apart. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values cannot be compared with ${b.length}`)
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)
  return 10 * Math.log10((255 * 255 * a.length) / squares)
}
