import { OUTPUT_FORMATS, type Preset, ProblemError, Warning } from '@darkroom/core'
import { typeOf } from '@darkroom/image-file'
import * as z from 'zod'
import type { Developed } from '../development/develop.ts'
import { SHOWN_WITH } from '../engines/image-engine.ts'
import type { Containment } from './contain.ts'

/** What is sent to the engine's process, one at a time. */
export interface Request {
  original: Uint8Array
  preset: Preset
}

/** What comes back from an engine that nobody has taken over. An error loses its class between processes, so a ProblemError is sent in parts. */
export type Reply =
  | { developed: Developed }
  | { problem: { slug: string; detail: string; cause: unknown } }
  | { error: unknown }

/** The first message of an engine's process: its engine is loaded, and whether it is contained. */
export type Ready = Containment

export function toReply(error: unknown): Reply {
  if (!(error instanceof ProblemError)) return { error: plain(error) }
  const { slug, detail, cause } = error
  return { problem: { slug, detail, cause: plain(cause) } }
}

/** An error may carry what cannot be sent; name, message and stack are what a log needs. */
function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : String(error)
  const { name, message, stack } = error
  return Object.assign(new Error(message), { name, stack })
}

/** The engine's process sent what no engine sends: it is broken, or something has taken it over. */
export class InvalidReply extends Error {
  override name = 'InvalidReply'
}

const MAX_SIDE = 65_535
const MAX_TEXT = 10_000
/** More than the largest variant of the largest accepted image. */
const MAX_VARIANT_BYTES = 64 * 1024 * 1024

const text = z.string().max(MAX_TEXT)
const side = z.int().min(1).max(MAX_SIDE)
const positive = z.number().positive()
const Bytes = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array)
  .refine(({ length }) => length > 0 && length <= MAX_VARIANT_BYTES)

/** The spec of a variant is never taken from the reply: its name becomes part of a key. */
const Variant = z.object({
  format: z.enum(Object.keys(OUTPUT_FORMATS) as [keyof typeof OUTPUT_FORMATS]),
  data: Bytes,
  width: side,
  height: side,
  frames: z.int().min(1).max(1_000),
})

const AnyReply = z.union([
  z.object({
    developed: z.object({
      width: side,
      height: side,
      takenAt: z.string().max(40).optional(),
      cameraMake: text.optional(),
      cameraModel: text.optional(),
      lens: text.optional(),
      focalLengthMm: positive.optional(),
      exposureSeconds: positive.optional(),
      aperture: positive.optional(),
      iso: positive.optional(),
      flashFired: z.boolean().optional(),
      software: text.optional(),
      orientation: z.int().min(1).max(8).optional(),
      hadLocation: z.boolean(),
      hadContentCredentials: z.boolean(),
      thumbhash: z.base64().max(100),
      dominantColor: z.string().regex(/^#[0-9a-f]{6}$/),
      perceptualHash: z.string().regex(/^[0-9a-f]{16}$/),
      variants: z.array(Variant),
      warnings: z.array(Warning),
    }),
  }),
  z.object({
    problem: z.object({
      // What an engine may say of an image.
      slug: z.enum(['corrupt-image', 'image-too-large', 'too-many-frames']),
      detail: text,
      cause: z.unknown(),
    }),
  }),
  z.object({ error: z.unknown() }),
])

/**
 * Reads a reply without believing it: code that has taken the engine over can send anything.
 *
 * @throws InvalidReply, or what the engine threw
 */
export function readReply(reply: unknown, { preset }: Pick<Request, 'preset'>): Developed {
  const { data, error } = AnyReply.safeParse(reply)
  if (!data) throw new InvalidReply(`the engine's reply is invalid: ${z.prettifyError(error)}`)
  if ('error' in data) throw printable(data.error)
  if ('problem' in data) {
    const { slug, detail, cause } = data.problem
    throw new ProblemError(slug, detail, { cause: cause === undefined ? undefined : printable(cause) })
  }
  const { variants, ...developed } = data.developed
  if (variants.length !== preset.variants.length) throw new InvalidReply('the engine made other variants')
  return {
    ...developed,
    variants: variants.map(({ data: bytes, ...variant }, n) => {
      const spec = preset.variants[n] as Preset['variants'][number]
      const isAskedFor = [spec.format, ...SHOWN_WITH[spec.format]].includes(variant.format)
      if (!isAskedFor || typeOf(bytes) !== `image/${variant.format}`)
        throw new InvalidReply(`the engine's variant ${spec.name} is no ${spec.format}`)
      return { ...variant, spec, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) }
    }),
  } as Developed
}

/** An error of this process, with the other's words: of any length they would fill the log. */
function printable(error: unknown): Error {
  const { name, message, stack } = Object(error) as Record<string, unknown>
  const words = typeof message === 'string' ? message : typeof error === 'string' ? error : 'unknown'
  return Object.assign(new Error(words.slice(0, MAX_TEXT)), {
    ...(typeof name === 'string' && { name: name.slice(0, 100) }),
    ...(typeof stack === 'string' && { stack: stack.slice(0, MAX_TEXT) }),
  })
}
