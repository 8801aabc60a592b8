import type { ImageStatus } from '@darkroom/client'
import { thumbHashToDataURL } from 'thumbhash'
import { cameraOf, formatBytes, saving, takenAt, timeOfDay } from './format.ts'
import type { Picture } from './sheet.ts'

/** Width of a frame: one of three to six columns, or the full width of a phone. */
const SIZES = '(max-width: 36rem) 92vw, 20rem'

interface FrameProps {
  picture: Picture
  /** Position on the sheet, from 1. */
  number: number
  onRemove: (id: string) => void
  /** Called if the link to the developed image no longer works. */
  onStale: (id: string) => void
}

/** A picture on the contact sheet. */
export function Frame({ picture, number, onRemove, onStale }: FrameProps) {
  const { id, name, stage, image, problem } = picture
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
        <p class="stage">{stageText(picture)}</p>
        {stage === 'uploading' && (
          <progress aria-label={`Upload of ${name}`} max={1} value={picture.progress ?? 0} />
        )}
        {problem && <p class="problem">{problem.detail}</p>}
        {stage === 'ready' && image && <Facts image={image} />}
        {problem && (
          <p class="actions">
            {problem.retry && (
              <button type="button" aria-label={`Try again: ${name}`} onClick={problem.retry}>
                Try again
              </button>
            )}
            <button type="button" class="quiet" aria-label={`Remove: ${name}`} onClick={() => onRemove(id)}>
              Remove
            </button>
          </p>
        )}
      </div>
    </article>
  )
}

/** Shows the chosen file, then the thumbhash until the developed image has loaded. */
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
    <a class="exposure" href={url} target="_blank" rel="noreferrer" aria-label={`${name}, full size`}>
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
      {exif?.hadLocation && <p class="note">The original contains a location. The copies do not.</p>}
      <ul class="copies" aria-label="Copies">
        {variants.map(({ name, url, width, height, bytes }) => (
          <li key={name}>
            <a
              href={url}
              target="_blank"
              rel="noreferrer"
              title={`${width} × ${height}, ${formatBytes(bytes)}`}
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

function stageText({ stage, progress = 0, tookMs, problem, image, bytes }: Picture): string {
  switch (stage) {
    case 'uploading':
      return progress < 1
        ? `Uploading · ${Math.floor(progress * 100)} % of ${formatBytes(bytes ?? 0)}`
        : 'Uploaded'
    case 'developing':
      return 'Developing …'
    case 'failed':
      return problem?.title ?? 'Not developed'
    case 'ready':
      return tookMs
        ? `Developed in ${(tookMs / 1000).toFixed(1)} s`
        : `Developed ${timeOfDay(image?.finishedAt ?? '')}`
  }
}

function placeholderOf({ placeholder }: ImageStatus): string {
  if (!placeholder) return 'none'
  const hash = Uint8Array.from(atob(placeholder.thumbhash), (character) => character.charCodeAt(0))
  return `url(${thumbHashToDataURL(hash)})`
}

/** The browser may not be able to show the original, even if Darkroom can develop it. */
function hide({ currentTarget }: { currentTarget: HTMLImageElement }) {
  currentTarget.hidden = true
}
