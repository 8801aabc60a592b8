import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** A camera's JPEG of 716 KB. */
export const PHOTOGRAPH_FILE = createRequire(import.meta.url).resolve('jpeg-exif/test/IMG_0001.JPG')
export const PHOTOGRAPH = readFileSync(PHOTOGRAPH_FILE)

export interface UploadForm {
  bytes?: Uint8Array<ArrayBuffer> | undefined
  filename?: string
  attributes?: string
  headers?: Record<string, string>
}

/** Uploads like the page. */
export async function upload(
  url: string,
  { bytes = PHOTOGRAPH, filename = 'IMG_0001.JPG', attributes, headers = {} }: UploadForm = {},
) {
  const form = new FormData()
  form.append('file', new Blob([bytes]), filename)
  if (attributes !== undefined) form.append('attributes', attributes)
  const response = await fetch(`${url}/api/images`, { method: 'POST', body: form, headers })
  const body = (await response.json()) as { id: string }
  return { status: response.status, headers: response.headers, body }
}
