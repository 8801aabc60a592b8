import type { ImageStatus, Variant } from '@darkroom/client'
import { thumbHashToDataURL } from 'thumbhash'
import { showNotice } from './messages.tsx'

export function largestOf({ variants = [] }: ImageStatus): Variant | undefined {
  return variants.toSorted((a, b) => b.width - a.width)[0]
}

/** A CSS image that resembles the picture, to show until it has loaded. */
export function placeholderOf({ placeholder }: ImageStatus): string {
  if (!placeholder) return 'none'
  const hash = Uint8Array.from(atob(placeholder.thumbhash), (character) => character.charCodeAt(0))
  return `url(${thumbHashToDataURL(hash)})`
}

/** The address of the larger view. It works as long as the picture is kept; the API's own links expire. */
export function linkTo(id: string): string {
  return `#/${id}`
}

/** The id in the page's address, if it is that of a larger view. */
export function idInAddress(): string | undefined {
  return /^#\/([0-9a-f-]{36})$/i.exec(location.hash)?.[1]?.toLowerCase()
}

/** Saves the largest copy. A link with `download` would only open it, because it is on another origin. */
export async function download(image: ImageStatus): Promise<void> {
  const variant = largestOf(image)
  if (!variant) return
  try {
    const response = await fetch(variant.url)
    if (!response.ok) throw new Error(`The copy's link returned ${response.status}`)
    const url = URL.createObjectURL(await response.blob())
    Object.assign(document.createElement('a'), { href: url, download: nameOf(image, variant) }).click()
    URL.revokeObjectURL(url)
  } catch {
    showNotice('The picture could not be downloaded.', {
      label: 'Try again',
      run: () => void download(image),
    })
  }
}

/** `IMG_0001.jpg`, with the extension of the copy. */
function nameOf({ filename = 'picture' }: ImageStatus, { contentType }: Variant): string {
  const extension = contentType.replace('image/', '').replace('jpeg', 'jpg')
  return `${filename.replace(/\.\w{1,5}$/, '')}.${extension}`
}
