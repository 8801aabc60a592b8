import type { UploadedPart } from '@darkroom/bucket'
import { PART_BYTES } from '@darkroom/core'

/** How long an upload URL is valid: enough for a slow connection, as a part has up to 5 MB and a form up to 50 MB. */
export const VALID_SECONDS = 3600

export function expiryFromNow(): string {
  return new Date(Date.now() + VALID_SECONDS * 1000).toISOString()
}

export function partCount(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES)
}

/** All parts have the same size, except the last one. */
export function sizeOfPart(bytes: number, partNumber: number): number {
  return Math.min(PART_BYTES, bytes - (partNumber - 1) * PART_BYTES)
}

/** Whether all parts are there. Every part has the signed size, see sign-upload.ts. */
export function isWhole(bytes: number, parts: UploadedPart[]): boolean {
  return parts.length === partCount(bytes) && parts.reduce((sum, part) => sum + part.bytes, 0) === bytes
}
