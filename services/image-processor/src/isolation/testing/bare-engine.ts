import type { Request } from '../request.ts'
import { misbehave } from './misdeeds.ts'

/** Answers like the misbehaving engine, but loads and contains nothing: it starts in half of the processor time. */
process.on('message', async ({ original, preset }: Request) => {
  const images = await misbehave(original)
  process.send?.({
    developed: {
      width: images,
      height: 1,
      hadLocation: false,
      hadContentCredentials: false,
      thumbhash: 'AAAA',
      dominantColor: '#c85a1e',
      perceptualHash: '0123456789abcdef',
      variants: preset.variants.map(() => ({
        format: 'jpeg',
        data: original,
        width: 8,
        height: 8,
        frames: 1,
      })),
      warnings: [],
    },
  })
})
process.on('disconnect', () => process.exit())
process.send?.({ contained: true })
