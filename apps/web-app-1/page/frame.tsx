import { formatBytes, formatTime } from '@darkroom/page/format'
import { Component } from 'preact'
import { download, largestOf, linkTo } from './developed-image.ts'
import { DevelopedPicture } from './developed-picture.tsx'
import { isPending, type Picture } from './sheet.ts'

/** Width of a frame: one of three to six columns, or the full width of a phone. */
const SIZES = '(max-width: 36rem) 92vw, 20rem'

/** What a user can do with a picture. */
export interface PictureActions {
  /** Stops the upload or removes what was not accepted; asks before it deletes a stored picture. */
  remove(picture: Picture): void
  copyLink(picture: Picture): void
  /** Called if the link to the developed image no longer works. */
  reload(picture: Picture): void
}

interface FrameProps {
  picture: Picture
  isOnline: boolean
  actions: PictureActions
}

/** A picture on the contact sheet. Its height never changes, so that the page does not jump. */
export class Frame extends Component<FrameProps> {
  override shouldComponentUpdate(next: FrameProps) {
    return next.picture !== this.props.picture || next.isOnline !== this.props.isOnline
  }

  override render({ picture: known, isOnline, actions }: FrameProps) {
    const picture = isOnline ? known : waitingForConnection(known)
    const { key, id, name, stage, image } = picture
    return (
      <article class="frame" aria-labelledby={`name-${key}`} data-id={id} data-stage={stage}>
        <p class="edge" aria-hidden="true">
          <span>{image && formatTime(image.acceptedAt)}</span>
          <span>{image?.original.contentType?.replace('image/', '')}</span>
        </p>
        <Exposure picture={picture} actions={actions} />
        <h3 id={`name-${key}`} title={name} dir="auto">
          {name}
        </h3>
        <p class="stage">{stageText(picture, isOnline)}</p>
        <p class="actions">
          <Actions picture={picture} actions={actions} />
        </p>
      </article>
    )
  }
}

/** A failure that is retried when the browser is online again is no failure until then. */
function waitingForConnection(picture: Picture): Picture {
  if (!picture.problem?.retry) return picture
  return { ...picture, stage: picture.id ? 'developing' : 'waiting', problem: undefined }
}

/** Shows the chosen file, then the thumbhash until the developed image has loaded. */
function Exposure({ picture, actions }: Pick<FrameProps, 'picture' | 'actions'>) {
  const { name, stage, image, preview, problem, progress = 0 } = picture
  const largest = image && largestOf(image)
  if (stage !== 'ready' || !image || !largest) {
    return (
      <div class="exposure">
        {preview && <img src={preview} alt="" decoding="async" loading="lazy" onError={hide} />}
        {problem && (
          <p class="problem" title={problem.detail}>
            {problem.detail}
          </p>
        )}
        {stage === 'uploading' && <progress aria-label={`Upload of ${name}`} max={1} value={progress} />}
      </div>
    )
  }
  return (
    <a class="exposure" href={linkTo(image.id)} aria-label={`${name}, larger view`}>
      <DevelopedPicture
        key={`developed-${picture.loads}`}
        image={image}
        variant={largest}
        class="developed"
        alt={name}
        sizes={SIZES}
        decoding="async"
        loading="lazy"
        onLoad={() => {
          if (preview) URL.revokeObjectURL(preview)
        }}
        onError={() => actions.reload(picture)}
      />
    </a>
  )
}

function Actions({ picture, actions }: Pick<FrameProps, 'picture' | 'actions'>) {
  const { name, stage, id, problem, image } = picture
  const isLocal = !id
  const removal = stage === 'waiting' || stage === 'uploading' ? 'Cancel' : isLocal ? 'Remove' : 'Delete'
  return (
    <>
      {problem?.retry && (
        <button type="button" class="link" aria-label={`Try again: ${name}`} onClick={problem.retry}>
          Try again
        </button>
      )}
      {stage === 'ready' && image && (
        <>
          <button type="button" class="link" aria-label={`Download: ${name}`} onClick={() => download(image)}>
            Download
          </button>
          <button
            type="button"
            class="link"
            aria-label={`Copy link: ${name}`}
            onClick={() => actions.copyLink(picture)}
          >
            Copy link
          </button>
        </>
      )}
      <button
        type="button"
        class="link"
        aria-label={`${removal}: ${name}`}
        onClick={() => actions.remove(picture)}
      >
        {removal}
      </button>
    </>
  )
}

function stageText(
  { stage, progress = 0, isSlow, tookMs, problem, image, bytes }: Picture,
  isOnline: boolean,
) {
  if (!isOnline && isPending({ stage })) return 'Waiting for a connection'
  const slow = isSlow ? ' · longer than usual' : ' …'
  switch (stage) {
    case 'waiting':
      return 'Waiting'
    case 'uploading':
      if (progress === 1) return `Sent${slow}`
      return isSlow
        ? `Uploading${slow}`
        : `Uploading · ${Math.floor(progress * 100)} % of ${formatBytes(bytes ?? 0)}`
    case 'developing':
      return `Developing${slow}`
    case 'failed':
      return problem?.title ?? 'Not developed'
    case 'ready':
      return tookMs
        ? `Developed in ${(tookMs / 1000).toFixed(1)} s`
        : `Developed ${formatTime(image?.finishedAt ?? '')}`
  }
}

/** The browser may not be able to show the original, even if Darkroom can develop it. */
function hide({ currentTarget }: { currentTarget: HTMLImageElement }) {
  currentTarget.hidden = true
}
