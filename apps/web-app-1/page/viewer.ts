import { type Client, DarkroomError } from '@darkroom/client'
import { idInAddress, linkTo } from './developed-image.ts'
import { problemOf, stateOf } from './follow-picture.ts'
import { showNotice } from './messages.tsx'
import type { Picture, Sheet } from './sheet.ts'

/** What the larger view shows. */
export interface View {
  picture: Picture
  /** From 1. Undefined for a picture that is not on the sheet yet. */
  position?: number
  previous?: Picture | undefined
  next?: Picture | undefined
}

/** The larger view's picture is in the page's address, so links, Back and a reload work. */
export function createViewer(sheet: Sheet, client: Client, onChange: () => void) {
  let id: string | undefined
  /** The picture of a link to this page, until it is on the sheet. */
  let linked: Picture | undefined
  /** Closing goes back in the history. */
  let isOpenedHere = false

  async function follow(isStart = false): Promise<void> {
    const last = id
    id = idInAddress()
    if (!last && id) isOpenedHere = !isStart
    onChange()
    if (last && !id) focusFrame(last)
    if (id && !sheet.findById(id)) await load(id)
  }

  async function load(wanted: string): Promise<void> {
    try {
      const image = await client.getImage(wanted)
      const name = image.filename ?? 'Picture'
      linked = { key: wanted, id: wanted, name, ...stateOf(image), image, imageAt: performance.now() }
      onChange()
    } catch (error) {
      showNotice(`The picture of this link cannot be shown. ${reasonOf(error)}`)
      close()
    }
  }

  function show(next: string | undefined): void {
    history.replaceState(null, '', next ? linkTo(next) : location.pathname)
    void follow()
  }

  function close(): void {
    if (!id) return
    if (isOpenedHere) history.back()
    else show(undefined)
  }

  addEventListener('hashchange', () => void follow())

  return {
    start: () => follow(true),
    show: ({ id: next }: Picture) => show(next),
    close,
    view(): View | undefined {
      if (!id) return undefined
      const pictures = sheet.pictures().filter(({ stage }) => stage === 'ready')
      const index = pictures.findIndex((picture) => picture.id === id)
      const picture = pictures[index]
      if (picture)
        return { picture, position: index + 1, previous: pictures[index - 1], next: pictures[index + 1] }
      return linked?.id === id ? { picture: linked } : undefined
    },
  }
}

function reasonOf(error: unknown): string {
  const isUnknown = error instanceof DarkroomError && error.type === 'not-found'
  return isUnknown ? 'It was deleted, or added in another browser.' : problemOf(error).detail
}

function focusFrame(id: string): void {
  document.querySelector<HTMLElement>(`.frame[data-id="${id}"] a.exposure`)?.focus()
}
