import { newIdempotencyKey } from '@darkroom/client'

/** `key` becomes the image's id and stays with the file: however often it is sent, it is one image. */
export type Meta = { name: string; key: string }

let last = ''

/** Within a millisecond keys come in no order; here each is greater than the one before, so that pictures stay in it. */
export function nextKey(): string {
  let key = newIdempotencyKey()
  while (key <= last) key = newIdempotencyKey()
  last = key
  return key
}
