import type { ImageStatus } from '@darkroom/client'

/** Why a picture is not there, in words for whoever sent it. */
export interface Trouble {
  title: string
  detail: string
  /** Absent where trying again cannot help. */
  retry?: (() => void) | undefined
}

/** A picture on the sheet, from the choice of a file to the developed image or to what went wrong. */
export interface Picture {
  /** The image's id, made before the upload: the sheet's order is the ids' order. */
  id: string
  name: string
  stage: 'uploading' | 'developing' | 'ready' | 'failed'
  bytes?: number | undefined
  /** Of an upload, between 0 and 1. */
  share?: number
  /** The chosen file, as a URL of this page. */
  preview?: string | undefined
  /** When the file was chosen, and how long it took from then to the developed image, in milliseconds. */
  began?: number
  took?: number | undefined
  image?: ImageStatus
  trouble?: Trouble | undefined
}

/** All pictures of the page. Whoever changes one tells it here; `onChange` draws, once for many changes. */
export function createSheet(onChange: (pictures: Picture[]) => void) {
  const pictures = new Map<string, Picture>()
  let drawing = false

  function draw() {
    if (drawing) return
    drawing = true
    queueMicrotask(() => {
      drawing = false
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
    /** Nothing happens if the picture has been put away. */
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
