import { formatBytes } from '@darkroom/page/format'
import type { Session } from '../src/session.ts'
import { anyOf } from './format.ts'
import type { Problem } from './sheet.ts'

const PREFIX_BYTES = 12

/**
 * Explains why a file cannot become a picture, before it is sent. The name and the browser's guess of the type decide nothing
 * if the bytes are those of a picture. A small file that claims to be one is sent: the API explains best what is wrong.
 */
export async function findProblem(
  file: File,
  { maxBytes, maxApiBytes, types }: Session,
): Promise<Problem | undefined> {
  const names = anyOf(types.map(({ name }) => name))
  if (file.size === 0) return notSent('This file is empty. Choose another one.')
  const prefix = await readPrefix(file)
  if (!prefix) return notSent('This file can’t be read any more. Add it again.')
  const isPicture = types.some(({ mediaType }) => startsLike(mediaType, prefix))
  if (!isPicture && (!file.type.startsWith('image/') || file.size > maxApiBytes))
    return notSent(
      `This file type isn’t supported. If it is a picture, export it as ${names} and add it again.`,
    )
  if (file.size > maxBytes)
    return notSent(
      `This picture is larger than ${formatBytes(maxBytes)}. Export it smaller, or as JPEG, and add it again.`,
    )
}

function notSent(detail: string): Problem {
  return { title: 'Not sent', detail }
}

/** As Latin-1 text. Undefined if the file was moved, deleted or is not readable. */
async function readPrefix(file: File): Promise<string | undefined> {
  try {
    const bytes = new Uint8Array(await file.slice(0, PREFIX_BYTES).arrayBuffer())
    return String.fromCharCode(...bytes)
  } catch {
    return undefined
  }
}

const PREFIXES: Record<string, RegExp> = {
  'image/jpeg': /^\xff\xd8\xff/,
  'image/png': /^\x89PNG/,
  'image/gif': /^GIF8/,
  'image/webp': /^RIFF.{4}WEBP/s,
  'image/avif': /^.{4}ftyp(avif|avis|mif1|msf1)/s,
  'image/heic': /^.{4}ftyp(hei|hev|mif1|msf1)/s,
}

function startsLike(mediaType: string, prefix: string): boolean {
  return PREFIXES[mediaType]?.test(prefix) ?? false
}
