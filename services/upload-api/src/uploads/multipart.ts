import type { UploadedPart } from '@darkroom/bucket'
import { PART_BYTES } from '@darkroom/core'

/** How long a URL for an upload works. Long enough for a slow line: a part has up to 5 MB, a form up to 50. */
export const VALID_SECONDS = 3600

export function expiryFromNow(): string {
  return new Date(Date.now() + VALID_SECONDS * 1000).toISOString()
}

export function partCount(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES)
}

/** All parts are as large as the first, except the last one. */
export function sizeOfPart(bytes: number, partNumber: number): number {
  return Math.min(PART_BYTES, bytes - (partNumber - 1) * PART_BYTES)
}

/** Whether the whole file is there. No part can have any other size, see sign-upload.ts. */
export function isWhole(bytes: number, parts: UploadedPart[]): boolean {
  return parts.length === partCount(bytes) && parts.reduce((sum, part) => sum + part.bytes, 0) === bytes
}
