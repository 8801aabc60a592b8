import { createReadStream } from 'node:fs'
import { access, type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { dateOf, type ImageRef } from '@darkroom/core'

/** An image and its status at an audit. */
export interface SeenImage {
  image: ImageRef
  status: string
}

/**
 * The statuses that an audit found, in a file in the order of the listing, one line for each image. The next audit reads it side by
 * side with the bucket, so one image is in memory at a time.
 */
export interface Statuses {
  /** Those of the last audit, of images after a path. */
  earlier(after: string | undefined): AsyncGenerator<SeenImage>
  remember(images: SeenImage[]): Promise<void>
  /** What is written, for a checkpoint. */
  bytes(): number
  /** The next audit compares with this one. */
  complete(): Promise<void>
  close(): Promise<void>
}

/** The order of images in every listing. */
export function pathOf({ app, imageId }: ImageRef): string {
  return `${app}/${dateOf(imageId)}/${imageId}`
}

/**
 * @param bytes of this audit's own file that a checkpoint counted; 0 at the start
 * @throws Error if the file is of another store
 */
export async function openStatuses(file: string, store: string, bytes = 0): Promise<Statuses> {
  await requireStore(file, store)
  const unfinished = `${file}.new`
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(unfinished, bytes === 0 ? 'w' : 'r+')
  await handle.truncate(bytes)
  const written = { bytes }
  if (bytes === 0) await append(handle, written, headerOf(store))
  return {
    earlier: (after) => readStatuses(file, after),
    remember: (images) =>
      append(handle, written, images.map(({ image, status }) => `${pathOf(image)} ${status}\n`).join('')),
    bytes: () => written.bytes,
    complete: () => rename(unfinished, file),
    close: () => handle.close(),
  }
}

const headerOf = (store: string) => `# statuses of ${store}\n`

async function append(handle: FileHandle, written: { bytes: number }, text: string): Promise<void> {
  const { bytesWritten } = await handle.write(text, written.bytes)
  written.bytes += bytesWritten
}

async function requireStore(file: string, store: string): Promise<void> {
  for await (const line of linesOf(file)) {
    if (`${line}\n` === headerOf(store)) return
    throw new Error(`${file} has no statuses of ${store}. Name another file, or delete it.`)
  }
}

async function* readStatuses(file: string, after: string | undefined): AsyncGenerator<SeenImage> {
  for await (const line of linesOf(file)) {
    const {
      path = '',
      app = '',
      imageId = '',
      status = '',
    } = /^(?<path>(?<app>[^/# ]+)\/[^/]+\/(?<imageId>[^/]+)) (?<status>\w+)$/.exec(line)?.groups ?? {}
    if (path !== '' && (after === undefined || path > after)) yield { image: { app, imageId }, status }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (exists) yield* createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
}
