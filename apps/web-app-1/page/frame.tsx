import type { ImageStatus } from '@darkroom/client'
import { thumbHashToDataURL } from 'thumbhash'
import type { Picture } from './sheet.ts'
import { bytesInWords, cameraOf, saving, takenAt, timeOfDay } from './words.ts'

/** The frame's own width: three to six columns, or all of a telephone. */
const SIZES = '(max-width: 36rem) 92vw, 20rem'

interface FrameProps {
  picture: Picture
  /** Its place on the roll, from 1. */
  number: number
  onPutAway: (id: string) => void
  /** The developed image's link no longer works. */
  onStale: (id: string) => void
}

/** A picture as it lies on the contact sheet. */
export function Frame({ picture, number, onPutAway, onStale }: FrameProps) {
  const { id, name, stage, image, trouble } = picture
  return (
    <article class="frame" aria-labelledby={`name-${id}`} data-id={id} data-stage={stage}>
      <p class="edge" aria-hidden="true">
        <span>{number}</span>
        <span>▸ {number}A</span>
        <span>{image?.original.contentType?.replace('image/', '')}</span>
      </p>
      <Exposure picture={picture} onStale={onStale} />
      <div class="caption">
        <h3 id={`name-${id}`}>{name}</h3>
        <p class="stage">{stageInWords(picture)}</p>
        {stage === 'uploading' && (
          <progress aria-label={`Upload of ${name}`} max={1} value={picture.share ?? 0} />
        )}
        {trouble && <p class="trouble">{trouble.detail}</p>}
        {stage === 'ready' && image && <Facts image={image} />}
        {trouble && (
          <p class="actions">
            {trouble.retry && (
              <button type="button" aria-label={`Try again: ${name}`} onClick={trouble.retry}>
                Try again
              </button>
            )}
            <button
              type="button"
              class="quiet"
              aria-label={`Put away: ${name}`}
              onClick={() => onPutAway(id)}
            >
              Put away
            </button>
          </p>
        )}
      </div>
    </article>
  )
}

/** The chosen file at first, then the thumbhash until the developed image lies over it. */
function Exposure({
  picture: { id, name, stage, image, preview },
  onStale,
}: Pick<FrameProps, 'picture' | 'onStale'>) {
  const largest = image?.variants?.toSorted((a, b) => b.width - a.width)[0]
  if (stage !== 'ready' || !image || !largest) {
    return <div class="exposure">{preview && <img src={preview} alt="" onError={hide} />}</div>
  }
  const { width, height, url } = largest
  return (
    <a class="exposure" href={url} target="_blank" rel="noreferrer" aria-label={`${name}, the largest copy`}>
      <img
        key="developed"
        class="developed"
        style={{ backgroundImage: placeholderOf(image) }}
        src={url}
        alt={name}
        sizes={SIZES}
        srcset={image.srcset}
        width={width}
        height={height}
        onLoad={({ currentTarget }) => {
          currentTarget.classList.add('loaded')
          if (preview) URL.revokeObjectURL(preview)
        }}
        onError={() => onStale(id)}
      />
    </a>
  )
}

function Facts({ image: { original, variants = [], exif, acceptedAt } }: { image: ImageStatus }) {
  const largest = variants.at(-1)
  const camera = exif && cameraOf(exif).trim()
  return (
    <>
      {original.bytes && largest && <p class="saving">{saving(original.bytes, largest.bytes)}</p>}
      <dl>
        <dt>Size</dt>
        <dd>
          {original.width} × {original.height}
        </dd>
        {camera && <dt>Camera</dt>}
        {camera && <dd>{camera}</dd>}
        <dt>{exif?.takenAt ? 'Taken' : 'Sent'}</dt>
        <dd>{exif?.takenAt ? takenAt(exif.takenAt) : timeOfDay(acceptedAt)}</dd>
      </dl>
      {exif?.hadLocation && <p class="note">The file tells where it was taken; the copies do not.</p>}
      <ul class="copies" aria-label="Copies">
        {variants.map(({ name, url, width, height, bytes }) => (
          <li key={name}>
            <a
              href={url}
              target="_blank"
              rel="noreferrer"
              title={`${width} × ${height}, ${bytesInWords(bytes)}`}
            >
              {name}
            </a>
            <span>{width} px</span>
          </li>
        ))}
      </ul>
    </>
  )
}

function stageInWords({ stage, share = 0, took, trouble, image, bytes }: Picture): string {
  switch (stage) {
    case 'uploading':
      return share < 1
        ? `Uploading · ${Math.floor(share * 100)} % of ${bytesInWords(bytes ?? 0)}`
        : 'Uploaded'
    case 'developing':
      return 'In the developer …'
    case 'failed':
      return trouble?.title ?? 'Not developed'
    case 'ready':
      return took
        ? `Developed in ${(took / 1000).toFixed(1)} s`
        : `Developed ${timeOfDay(image?.finishedAt ?? '')}`
  }
}

function placeholderOf({ placeholder }: ImageStatus): string {
  if (!placeholder) return 'none'
  const hash = Uint8Array.from(atob(placeholder.thumbhash), (character) => character.charCodeAt(0))
  return `url(${thumbHashToDataURL(hash)})`
}

/** A file that this browser cannot show may well be developed. */
function hide({ currentTarget }: { currentTarget: HTMLImageElement }) {
  currentTarget.hidden = true
}
