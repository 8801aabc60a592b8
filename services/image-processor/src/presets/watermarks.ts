import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { VariantSpec } from '@darkroom/core'
import type { VariantRequest } from '../engines/image-engine.ts'

/** In a zip as in the repository. */
const FOLDER = new URL('../../watermarks/', import.meta.url)

/** Whether the watermark that a spec names was deployed. */
export function hasWatermark({ watermark }: VariantSpec): boolean {
  return !watermark || existsSync(new URL(watermark.file, FOLDER))
}

/** Adds the watermark that a spec names; each file is read once per process. */
export function withWatermark(spec: VariantSpec): VariantRequest {
  return spec.watermark ? { ...spec, watermarkImage: read(spec.watermark.file) } : spec
}

/** Reads all of them, for a process that cannot open files later. */
export function readWatermarks(): void {
  if (existsSync(FOLDER)) for (const file of readdirSync(FOLDER)) read(file)
}

const alreadyRead = new Map<string, Buffer>()

function read(file: string): Buffer {
  const bytes = alreadyRead.get(file) ?? readFileSync(new URL(file, FOLDER))
  alreadyRead.set(file, bytes)
  return bytes
}
