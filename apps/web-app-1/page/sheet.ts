import { type ImageStatus, newIdempotencyKey } from '@darkroom/client'

/** What went wrong with a picture, in words for the user. */
export interface Problem {
  title: string
  detail: string
  /** Absent if a retry cannot help. */
  retry?: (() => void) | undefined
}

/** A picture on the sheet, from the chosen file to the developed image or the error. */
export interface Picture {
  /** The image's id, created before the upload. The sheet is sorted by it. */
  id: string
  name: string
  stage: 'uploading' | 'developing' | 'ready' | 'failed'
  bytes?: number | undefined
  /** Upload progress, 0 to 1. */
  progress?: number
  /** Object URL of the chosen file. */
  preview?: string | undefined
  /** When the file was added (`performance.now()`). */
  addedAt?: number
  /** Time from adding the file to the developed image. */
  tookMs?: number | undefined
  image?: ImageStatus
  problem?: Problem | undefined
}

/** All pictures on the page. Changes within one task are batched into one call of `onChange`. */
export function createSheet(onChange: (pictures: Picture[]) => void) {
  const pictures = new Map<string, Picture>()
  let isScheduled = false

  function draw() {
    if (isScheduled) return
    isScheduled = true
    queueMicrotask(() => {
      isScheduled = false
      onChange(newestFirst())
    })
  }

  function newestFirst() {
    return [...pictures.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  }

  return {
    draw,
    pictures: newestFirst,
    get: (id: string) => pictures.get(id),
    add(picture: Picture) {
      pictures.set(picture.id, picture)
      draw()
    },
    /** Does nothing if the picture has been removed. */
    change(id: string, change: Partial<Picture>) {
      const picture = pictures.get(id)
      if (!picture) return
      pictures.set(id, { ...picture, ...change })
      draw()
    },
    remove(id: string) {
      const preview = pictures.get(id)?.preview
      if (preview) URL.revokeObjectURL(preview)
      pictures.delete(id)
      draw()
    },
  }
}

export type Sheet = ReturnType<typeof createSheet>

let lastKey = ''

/** Returns a new image id. Unlike plain UUIDv7s of the same millisecond, these keep the order in which files were added. */
export function nextKey(): string {
  let key = newIdempotencyKey()
  while (key <= lastKey) key = newIdempotencyKey()
  lastKey = key
  return key
}
