import { createHash } from 'node:crypto'
import { type Preset, ProblemError } from '@darkroom/core'
import sharp from 'sharp'
import { type Developed, developHere } from '../../services/image-processor/src/development/develop.ts'
import { sharpEngine } from '../../services/image-processor/src/engines/sharp-engine.ts'
import type { Picture } from './history.ts'
import { presetsOf } from './settings.ts'

export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Small sound pictures, all different. */
const sound: Buffer[] = await Promise.all(
  [0, 1, 2, 3].map((n) =>
    sharp({ create: { width: 40, height: 30, channels: 3, background: { r: 60 * n, g: 90, b: 200 } } })
      .png()
      .toBuffer(),
  ),
)

/** A picture whose header is fine and whose pixels are damaged. */
const damaged: Buffer = Buffer.from(sound[0] ?? [])
damaged.fill(0x11, damaged.indexOf('IDAT') + 4, damaged.indexOf('IEND') - 8)

const text = Buffer.from('this is not an image')

export function bytesOf({ bytes }: Picture): Buffer {
  if (bytes === 'text') return text
  return bytes === 'damaged' ? damaged : (sound[bytes] ?? damaged)
}

/** What an engine makes of a picture: real, but made only once, as it depends on nothing else. */
type Result = Developed | ProblemError
const results = new Map<string, Result>()
const nameOf = (sha256: string, { version, variants }: Preset) =>
  `${sha256} ${JSON.stringify({ version, variants })}`

const developer = developHere(sharpEngine)
for (const bytes of [...sound, damaged]) {
  for (const preset of [...Object.values(presetsOf(1)), ...Object.values(presetsOf(2))]) {
    const result: Result = await developer.develop(bytes, preset, 'simulated').catch((error) => error)
    if (result instanceof Error && !(result instanceof ProblemError)) throw result
    results.set(nameOf(sha256Of(bytes), preset), result)
  }
}

/** @throws ProblemError `corrupt-image` for the damaged one */
export function developed(original: Uint8Array, preset: Preset): Developed {
  const result = results.get(nameOf(sha256Of(original), preset))
  if (result instanceof ProblemError) throw result
  if (result) return result
  throw new Error('this picture and preset were not developed before')
}

/** The SHA-256 of each variant that a preset makes of a picture, by name; undefined for the damaged picture. */
export function variantsOf(sha256: string, preset: Preset): Map<string, string> | undefined {
  const result = results.get(nameOf(sha256, preset))
  if (!result || result instanceof ProblemError) return undefined
  return new Map(result.variants.map(({ spec, data }) => [spec.name, sha256Of(data)]))
}
