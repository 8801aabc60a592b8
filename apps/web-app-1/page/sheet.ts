import type { ImageStatus } from '@darkroom/client'

/** What went wrong with a picture, in words for the user. */
export interface Problem {
  title: string
  detail: string
  /** Absent if a retry cannot help. */
  retry?: (() => void) | undefined
}

type Stage = 'waiting' | 'uploading' | 'developing' | 'ready' | 'failed'

/** A picture on the sheet, from the chosen file to the developed image or the error. Never modified, only replaced. */
export interface Picture {
  /** The idempotency key of a picture that was added here, otherwise the image's id. It never changes. */
  key: string
  /** The image's id, once the API has accepted the picture. */
  id?: string | undefined
  name: string
  stage: Stage
  bytes?: number | undefined
  /** Upload progress, 0 to 1. */
  progress?: number
  /** Nothing has happened for a while. */
  isSlow?: boolean
  /** Object URL of the chosen file. */
  preview?: string | undefined
  /** Counts the pictures that were added here. */
  order?: number | undefined
  /** When the file was added here (`performance.now()`). */
  addedAt?: number | undefined
  /** Time from adding the file to the developed image. */
  tookMs?: number | undefined
  image?: ImageStatus | undefined
  /** When `image` was received (`performance.now()`): its links expire. */
  imageAt?: number | undefined
  /** How often the developed image was loaded again. */
  loads?: number
  problem?: Problem | undefined
}

/** Neither ready nor failed. */
export function isPending({ stage }: Pick<Picture, 'stage'>): boolean {
  return stage !== 'ready' && stage !== 'failed'
}

/** An upload or a picture in development that has not changed for this long is slow. */
const SLOW_AFTER_MS = 10_000
const WATCHED: Stage[] = ['uploading', 'developing']

/** All pictures on the page. `onChange` is called once per animation frame at most. */
export function createSheet(onChange: () => void) {
  const pictures = new Map<string, Picture>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  let sorted: Picture[] | undefined
  let isScheduled = false

  function draw() {
    if (isScheduled) return
    isScheduled = true
    const change = () => {
      if (!isScheduled) return
      isScheduled = false
      onChange()
    }
    requestAnimationFrame(change)
    // A hidden page has no animation frames.
    if (document.hidden) setTimeout(change)
  }

  function set(picture: Picture) {
    pictures.set(picture.key, picture)
    sorted = undefined
    clearTimeout(timers.get(picture.key))
    timers.delete(picture.key)
    if (WATCHED.includes(picture.stage) && !picture.isSlow) {
      const setSlow = () => set({ ...picture, isSlow: true })
      timers.set(picture.key, setTimeout(setSlow, SLOW_AFTER_MS))
    }
    draw()
  }

  return {
    draw,
    /** The pictures that were added here, last one first, then all others, newest first. */
    pictures: () => (sorted ??= [...pictures.values()].sort(compare)),
    get: (key: string) => pictures.get(key),
    findById: (id: string) => pictures.get(id) ?? [...pictures.values()].find((picture) => picture.id === id),
    add: set,
    /** Does nothing if the picture has been removed. */
    change(key: string, change: Partial<Picture>) {
      const picture = pictures.get(key)
      if (picture) set({ ...picture, isSlow: false, ...change })
    },
    remove(key: string) {
      const preview = pictures.get(key)?.preview
      if (preview) URL.revokeObjectURL(preview)
      pictures.delete(key)
      sorted = undefined
      clearTimeout(timers.get(key))
      timers.delete(key)
      draw()
    },
  }
}

export type Sheet = ReturnType<typeof createSheet>

/** Ids start with their time. Those that were made here do not count: the device's clock can be wrong. */
function compare(a: Picture, b: Picture): number {
  if (a.order !== b.order) return (b.order ?? 0) - (a.order ?? 0)
  return a.key < b.key ? 1 : -1
}
