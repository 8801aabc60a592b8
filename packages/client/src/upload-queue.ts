import { type Attributes, type Client, type ImageStatus, newIdempotencyKey } from '@darkroom/client'

/**
 * - `waiting`: not started, because others are being uploaded
 * - `uploading`: `progress` counts its bytes
 * - `processing`: stored; the variants are not ready yet
 * - `processed`: `image` has the variants
 * - `failed`: `problem` says why
 */
export type UploadState = 'waiting' | 'uploading' | 'processing' | 'processed' | 'failed'

/** A file and what has become of it. Replaced by a new object at each change. */
export interface Upload {
  /** Stays the same over retries, so it can be a React key. */
  readonly key: string
  readonly file: Blob
  /** The File's name. */
  readonly name: string
  readonly status: UploadState
  /** The sent part of the file, 0 to 1. */
  readonly progress: number
  /** Once the image is stored. */
  readonly imageId?: string | undefined
  /** Once the image is final. */
  readonly image?: ImageStatus | undefined
  readonly problem?: UploadProblem | undefined
}

/** Why an upload failed: a `DarkroomError`, or the `failure` of an image. */
export interface UploadProblem {
  type: string
  title: string
  /** What happened and what to do, written for users. */
  detail: string
  /** Whether `retry` may help. */
  retryable: boolean
}

export interface UploadQueueOptions {
  /** Files that are uploaded at once. Default: 3. */
  maxConcurrent?: number | undefined
}

export interface AddOptions {
  /** Stored with each image. */
  attributes?: Attributes | undefined
}

/** What is not shown of an upload. */
interface Job extends AddOptions {
  idempotencyKey: string
  imageId?: string | undefined
  /** Aborts the current run. */
  abort?: AbortController | undefined
}

const DEFAULT_MAX_CONCURRENT = 3
const ERASED = { type: 'erased', title: 'Erased', detail: 'This image was erased.', retryable: false }

/** Uploads files and waits for their results. Runs between `start` and `stop`; the next start continues. */
export function createUploadQueue(
  client: Client,
  { maxConcurrent = DEFAULT_MAX_CONCURRENT }: UploadQueueOptions = {},
) {
  let uploads: readonly Upload[] = []
  let isRunning = false
  const jobs = new Map<string, Job>()
  const listeners = new Set<() => void>()

  function show(next: readonly Upload[]) {
    uploads = next
    for (const listener of listeners) listener()
  }

  function change(key: string, fields: Partial<Upload>) {
    show(uploads.map((upload) => (upload.key === key ? { ...upload, ...fields } : upload)))
  }

  /** An upload that is stored already has nothing to send. */
  function startNext() {
    if (!isRunning) return
    let free = maxConcurrent - uploads.filter(({ status }) => status === 'uploading').length
    for (const upload of uploads.filter(({ status }) => status === 'waiting')) {
      const job = jobs.get(upload.key)
      if (job && (job.imageId || free-- > 0)) void run(upload, job)
    }
  }

  async function run({ key, file, name }: Upload, job: Job) {
    const abort = new AbortController()
    job.abort = abort
    const { signal } = abort
    /** Ignored if the upload was removed or stopped in the meantime. */
    const report = (fields: Partial<Upload>) => signal.aborted || change(key, fields)
    try {
      report({ status: job.imageId ? 'processing' : 'uploading', problem: undefined, image: undefined })
      job.imageId ??= await send(file, name, job, signal, (progress) => report({ progress }))
      report({ status: 'processing', progress: 1, imageId: job.imageId })
      startNext()
      report(resultOf(await waitForImage(job.imageId, signal)))
    } catch (error) {
      report({ status: 'failed', problem: problemOf(error) })
      startNext()
    }
  }

  async function send(
    file: Blob,
    filename: string,
    { idempotencyKey, attributes }: Job,
    signal: AbortSignal,
    report: (progress: number) => void,
  ): Promise<string> {
    const onProgress = ({ sent, total }: { sent: number; total: number }) => report(total ? sent / total : 0)
    const options = { filename: filename || undefined, attributes, idempotencyKey, onProgress, signal }
    return (await client.upload(file, options)).id
  }

  async function waitForImage(id: string, signal: AbortSignal): Promise<ImageStatus> {
    for (;;) {
      const image = await client.waitUntilFinal(id, { signal })
      if (image.status !== 'queued') return image
    }
  }

  return {
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    getUploads: () => uploads,

    start() {
      isRunning = true
      startNext()
    },
    stop() {
      isRunning = false
      for (const { abort } of jobs.values()) abort?.abort()
      const isActive = ({ status }: Upload) => status === 'uploading' || status === 'processing'
      show(uploads.map((upload) => (isActive(upload) ? { ...upload, status: 'waiting' } : upload)))
    },

    /** Appends files, for example of an `<input type=file>` or a drop. */
    add(files: Iterable<Blob>, options: AddOptions = {}) {
      const added = Array.from(files, (file): Upload => {
        const key = newIdempotencyKey()
        jobs.set(key, { ...options, idempotencyKey: key })
        return { key, file, name: (file as { name?: string }).name ?? '', status: 'waiting', progress: 0 }
      })
      show([...uploads, ...added])
      startNext()
    },

    /** Continues a failed upload. An image that could not be processed is uploaded again, as a new image. */
    retry(key: string) {
      const upload = uploads.find((upload) => upload.key === key)
      const job = jobs.get(key)
      if (!job || upload?.status !== 'failed') return
      if (upload.image) Object.assign(job, { idempotencyKey: newIdempotencyKey(), imageId: undefined })
      change(key, { status: 'waiting' })
      startNext()
    },

    /** Removes an upload from the list, and stops it. An image that is stored is not erased. */
    remove(key: string) {
      jobs.get(key)?.abort?.abort()
      jobs.delete(key)
      show(uploads.filter((upload) => upload.key !== key))
      startNext()
    },
  }
}

function resultOf(image: ImageStatus): Partial<Upload> {
  if (image.status === 'processed') return { status: 'processed', image }
  return { status: 'failed', image, problem: image.failure ?? ERASED }
}

function problemOf(error: unknown): UploadProblem {
  if (error instanceof Error && 'detail' in error) return error as unknown as UploadProblem
  const detail = error instanceof Error ? error.message : String(error)
  return { type: 'unknown', title: 'The upload failed', detail, retryable: true }
}
