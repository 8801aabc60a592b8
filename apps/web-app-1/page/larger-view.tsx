import type { ImageStatus } from '@darkroom/client'
import { cameraOf, formatBytes, formatTime } from '@darkroom/page/format'
import { download, largestOf } from './developed-image.ts'
import { DevelopedPicture } from './developed-picture.tsx'
import { saving, takenAt } from './format.ts'
import type { PictureActions } from './frame.tsx'
import { useModal } from './modal.tsx'
import type { Picture } from './sheet.ts'

interface LargerViewProps {
  picture: Picture
  /** On the sheet, from 1. */
  position: number | undefined
  previous: (() => void) | undefined
  next: (() => void) | undefined
  actions: PictureActions
  onClose: () => void
}

/** A picture in the whole window. The arrow keys show its neighbours, Escape closes it. */
export function LargerView({ picture, position, previous, next, actions, onClose }: LargerViewProps) {
  const dialog = useModal()
  const { image, name } = picture
  const largest = image && largestOf(image)

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowLeft') previous?.()
    else if (event.key === 'ArrowRight') next?.()
  }

  return (
    <dialog
      ref={dialog}
      class="larger"
      aria-labelledby="larger-name"
      onKeyDown={onKeyDown}
      onClose={onClose}
      onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      <div class="larger-head">
        <h2 id="larger-name" dir="auto">
          {name}
        </h2>
        <p>{position && `Picture ${position}`}</p>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div class="larger-view">
        {image && largest && (
          <DevelopedPicture
            key={`${image.id}-${picture.loads}`}
            image={image}
            variant={largest}
            sizes="100vw"
            isLimited
            alt={name}
            onError={() => actions.reload(picture)}
          />
        )}
        <button
          type="button"
          class="step"
          aria-label="Previous picture"
          disabled={!previous}
          onClick={previous}
        >
          ‹
        </button>
        <button type="button" class="step" aria-label="Next picture" disabled={!next} onClick={next}>
          ›
        </button>
      </div>
      <div class="larger-foot">
        {image && <Facts image={image} />}
        {image && (
          <p class="sources">
            <button type="button" onClick={() => download(image)}>
              Download
            </button>
            <button type="button" class="quiet" onClick={() => actions.copyLink(picture)}>
              Copy link
            </button>
            <button type="button" class="quiet" onClick={() => actions.remove(picture)}>
              Delete
            </button>
          </p>
        )}
      </div>
    </dialog>
  )
}

function Facts({ image: { original, variants = [], exif, acceptedAt } }: { image: ImageStatus }) {
  const largest = variants.at(-1)
  const camera = exif && cameraOf(exif)
  const copies = variants.map(({ name, url, width, height, bytes }) => (
    <a
      key={name}
      href={url}
      target="_blank"
      rel="noreferrer"
      title={`${width} × ${height}, ${formatBytes(bytes)}`}
    >
      {name} {width} px
    </a>
  ))
  const facts = {
    Size: `${original.width} × ${original.height}`,
    Bytes: original.bytes && largest && saving(original.bytes, largest.bytes),
    Camera: camera,
    [exif?.takenAt ? 'Taken' : 'Sent']: exif?.takenAt ? takenAt(exif.takenAt) : formatTime(acceptedAt),
    Copies: <span class="copies">{copies}</span>,
  }
  return (
    <>
      <dl>
        {Object.entries(facts).map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {exif?.hadLocation && <p class="note">The original contains a location. The copies do not.</p>}
    </>
  )
}
