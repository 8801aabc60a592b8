/**
 * What code that has taken over an engine's process could answer; the order follows the end of an image. It imports nothing, so it
 * starts fast.
 *
 * @param picture the original, a JPEG
 */
function repliesTo(picture: Uint8Array): Record<string, unknown> {
  const variant = { format: 'jpeg', data: picture, width: 8, height: 8, frames: 1 }
  const honest = {
    width: 8,
    height: 8,
    hadLocation: false,
    hadContentCredentials: false,
    thumbhash: 'AAAA',
    dominantColor: '#c85a1e',
    perceptualHash: '0123456789abcdef',
    variants: [{ ...variant, spec: { name: '../../metadata/app=other/x', format: 'jpeg', size: 8 } }],
    warnings: [],
  }
  const developed = (change: object) => ({ developed: { ...honest, ...change } })
  const ofVariant = (change: object) => developed({ variants: [{ ...variant, ...change }] })
  return {
    anotherName: developed({}),
    nothing: undefined,
    text: 'developed',
    noVariants: developed({ variants: [] }),
    manyVariants: developed({ variants: Array(50).fill(variant) }),
    hugeSides: developed({ width: 1e9 }),
    noSides: ofVariant({ width: 0 }),
    noBytes: ofVariant({ data: 'text' }),
    script: ofVariant({ data: Buffer.from('<script>alert(1)</script>') }),
    anotherType: ofVariant({ format: 'webp' }),
    longText: developed({ software: 'x'.repeat(1e6) }),
    color: developed({ dominantColor: 'url(https://example.com)' }),
    hash: developed({ perceptualHash: 'x' }),
    warnings: developed({ warnings: ['<b>'] }),
    anotherProblem: { problem: { slug: 'legal-hold', detail: '' } },
    prototype: JSON.parse('{"developed":{"__proto__":{"width":8}}}'),
    longError: { error: { message: 'x'.repeat(1e6), stack: 'x'.repeat(1e6) } },
  }
}

process.on('message', ({ original }: { original: Uint8Array }) => {
  const [, order = ''] = /#(\w+) $/.exec(Buffer.from(original).toString('latin1')) ?? []
  process.send?.(repliesTo(original)[order] ?? null)
})
process.on('disconnect', () => process.exit())
process.send?.({ contained: true })
