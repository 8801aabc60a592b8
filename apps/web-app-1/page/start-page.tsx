import { createClient, type ImageStatus } from '@darkroom/client'
import { formatBytes } from '@darkroom/page/format'
import { render } from 'preact'
import type { Session } from '../src/session.ts'
import { openCamera } from './camera.tsx'
import { ContactSheet } from './contact-sheet.tsx'
import { followPicture, stateOf } from './follow-picture.ts'
import { anyOf } from './format.ts'
import { acceptFiles } from './incoming-files.ts'
import { LargerView } from './larger-view.tsx'
import { createLister } from './list-pictures.ts'
import { element, followConnection } from './messages.tsx'
import { warnBeforeLoss } from './pending-files.ts'
import { createPictureActions } from './picture-actions.ts'
import { createSheet } from './sheet.ts'
import { SheetEnd, sheetCount, toGo } from './sheet-end.tsx'
import { createUploads } from './uploads.ts'
import { createViewer } from './viewer.ts'
import * as visitor from './visitor.ts'

/** Rows below the window that are loaded ahead. */
const LOAD_AHEAD = '2400px'

/** Connects the parts of the page: files become uploads, uploads become pictures on the sheet. */
export function startPage(session: Session): void {
  const client = createClient({ url: session.api, credential: visitor.getToken })
  const sheet = createSheet(draw)
  const follow = (key: string, id: string) => void followPicture(key, id, sheet, client)
  const uploads = createUploads({ session, sheet, client, onAccepted: follow })
  const actions = createPictureActions({ sheet, client, cancelUpload: uploads.cancel })
  const viewer = createViewer(sheet, client, sheet.draw)
  const lister = createLister(client, visitor.since, showEarlier, onListing)
  const end = element('sheet-end')
  const lookAtEnd = watchNear(end, loadMoreIfAny)

  function onListing(): void {
    sheet.draw()
    if (lister.listing().state === 'partial') lookAtEnd()
  }

  /** A page that has failed waits for the user, or for the connection. */
  function loadMoreIfAny(): void {
    if (lister.listing().state === 'partial') void lister.loadMore()
  }

  /** Images that were deleted stay in the list, as receipts. */
  function showEarlier(images: ImageStatus[]): void {
    for (const image of images) {
      const { id, filename: name = 'Picture', original, status } = image
      if (status === 'erased' || sheet.findById(id)) continue
      const imageAt = performance.now()
      sheet.add({ key: id, id, name, bytes: original.bytes, ...stateOf(image), image, imageAt })
      if (status === 'queued') follow(id, id)
    }
  }

  function draw(): void {
    const pictures = sheet.pictures()
    const listing = lister.listing()
    const { onLine: isOnline } = navigator
    const isComplete = listing.state === 'complete'
    const isLoading = listing.isFirst && (listing.state !== 'failed' || !isOnline)
    render(<ContactSheet {...{ pictures, isOnline, isLoading, isComplete, actions }} />, element('sheet'))
    render(<SheetEnd listing={listing} isOnline={isOnline} onRetry={lister.loadMore} />, end)
    element('count').textContent = sheetCount(pictures, listing)
    element('to-go').textContent = toGo(pictures)
    drawViewer()
  }

  function drawViewer(): void {
    const view = viewer.view()
    if (!view) return void render(null, element('viewer'))
    const { picture, position, previous, next } = view
    if (!next) loadMoreIfAny()
    render(
      <LargerView
        picture={picture}
        position={position}
        previous={previous && (() => viewer.show(previous))}
        next={next && (() => viewer.show(next))}
        actions={actions}
        onClose={viewer.close}
      />,
      element('viewer'),
    )
  }

  followConnection((isOnline) => {
    sheet.draw()
    if (!isOnline) return
    for (const { problem } of sheet.pictures()) problem?.retry?.()
    void lister.loadMore()
  })
  enableSources(session, uploads.add)
  warnBeforeLoss()
  void uploads.resume()
  void viewer.start()
  void lister.loadMore()
}

function enableSources({ types, maxBytes }: Session, add: (files: File[]) => void): void {
  element('limits').textContent =
    `${anyOf(types.map(({ name }) => name))}, up to ${formatBytes(maxBytes)} each`
  element<HTMLInputElement>('pictures').accept = types.map(({ mediaType }) => mediaType).join()
  acceptFiles(add)
  element('use-camera').addEventListener('click', () => openCamera((file) => add([file])))
  for (const button of element('add').querySelectorAll('button')) button.disabled = false
}

/** Calls back when the element is near the window. The result makes it look again. */
function watchNear(target: HTMLElement, onNear: () => void): () => void {
  // A busy page gets several entries at once. Only the last one says where the element is now.
  const onEntries = (entries: IntersectionObserverEntry[]) => entries.at(-1)?.isIntersecting && onNear()
  const observer = new IntersectionObserver(onEntries, { rootMargin: LOAD_AHEAD })
  return () => {
    observer.unobserve(target)
    observer.observe(target)
  }
}
