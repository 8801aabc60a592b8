import { type Client, DarkroomError } from '@darkroom/client'
import { confirmDeletion } from './confirm-deletion.tsx'
import { linkTo } from './developed-image.ts'
import { problemOf, showStatus } from './follow-picture.ts'
import type { PictureActions } from './frame.tsx'
import { announce, showNotice } from './messages.tsx'
import type { Picture, Sheet } from './sheet.ts'

/** Links that are younger are not expired. If a second attempt fails too, something else is wrong. */
const MIN_LINK_AGE_MS = 60_000

export interface PictureActionsOptions {
  sheet: Sheet
  client: Client
  /** Stops an upload. Resolves with whether its image may exist. */
  cancelUpload: (key: string) => Promise<boolean>
}

export function createPictureActions({ sheet, client, cancelUpload }: PictureActionsOptions): PictureActions {
  async function remove(picture: Picture): Promise<void> {
    const { key, id, name, image } = picture
    if (!id) {
      const mayExist = await cancelUpload(key)
      sheet.remove(key)
      if (mayExist) await erase(key).catch(() => {})
    } else if (image?.status === 'erased') sheet.remove(key)
    else if (await confirmDeletion(name)) await erasePicture(picture, id)
  }

  /** The picture disappears at once, and comes back if it could not be deleted. */
  async function erasePicture(picture: Picture, id: string): Promise<void> {
    const { key, name } = picture
    sheet.remove(key)
    try {
      await erase(id)
      announce(`${name} is deleted`)
    } catch (error) {
      sheet.add({ ...picture, preview: undefined })
      const run = () => void erasePicture(picture, id)
      showNotice(`${name} could not be deleted. ${problemOf(error).detail}`, { label: 'Try again', run })
    }
  }

  /** An image that does not exist needs no deletion. */
  async function erase(id: string): Promise<void> {
    try {
      await client.deleteImage(id)
    } catch (error) {
      if (!(error instanceof DarkroomError && error.type === 'not-found')) throw error
    }
  }

  async function copyLink({ id = '' }: Picture): Promise<void> {
    const link = new URL(linkTo(id), location.href).href
    try {
      await navigator.clipboard.writeText(link)
      showNotice('The link was copied. It works in this browser only.')
    } catch {
      showNotice(`The browser does not allow copying. The link, for this browser only, is ${link}`)
    }
  }

  /** A connection broke, or the presigned links have expired, as they do after an hour or two. New ones come with the status. */
  async function reload({ key, id, imageAt = 0, loads = 0 }: Picture): Promise<void> {
    if (!id) return
    if (!navigator.onLine) {
      addEventListener('online', () => void refresh(key, id), { once: true })
    } else if (loads === 0 || performance.now() - imageAt > MIN_LINK_AGE_MS) await refresh(key, id)
    else {
      const detail = 'This picture is developed, but it could not be loaded.'
      const retry = () => void refresh(key, id)
      sheet.change(key, { stage: 'failed', problem: { title: 'Not loaded', detail, retry } })
    }
  }

  async function refresh(key: string, id: string): Promise<void> {
    try {
      const image = await client.getImage(id)
      // A new <img>, even if the links are the same.
      sheet.change(key, { loads: (sheet.get(key)?.loads ?? 0) + 1 })
      showStatus(key, image, sheet)
    } catch (error) {
      const retry = () => void refresh(key, id)
      sheet.change(key, { stage: 'failed', problem: { ...problemOf(error), retry } })
    }
  }

  return { remove: (picture) => void remove(picture), copyLink, reload }
}
