import { crc32 } from 'node:zlib'
import sharp from 'sharp'

const picture = sharp({ create: { width: 24, height: 16, channels: 3, background: '#c84' } })

export const png = await picture.png().toBuffer()
export const jpeg = await picture.jpeg().toBuffer()
export const otherJpeg = await picture.negate().jpeg().toBuffer()

/** A small PNG whose header claims 280 megapixels (W3C PNG, 11.2.1). */
export const hugePng = Buffer.from(png)
hugePng.writeUInt32BE(20_000, 16)
hugePng.writeUInt32BE(14_000, 20)
hugePng.writeUInt32BE(crc32(hugePng.subarray(12, 29)), 29)

/** A form with an image, as a browser sends it: its headers and its bytes. */
export async function formWith(
  parts: Record<string, string | File>,
): Promise<{ headers: Record<string, string>; body: Uint8Array }> {
  const form = new FormData()
  for (const [name, part] of Object.entries(parts)) form.append(name, part)
  const encoded = new Response(form)
  return {
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    body: new Uint8Array(await encoded.arrayBuffer()),
  }
}

export function fileOf(bytes: Uint8Array, type = 'image/jpeg', name = 'IMG_0001.JPG'): File {
  return new File([new Uint8Array(bytes)], name, { type })
}
