import { Component, createRef } from 'preact'
import { Frame, type PictureActions } from './frame.tsx'
import type { Picture } from './sheet.ts'

const SKELETONS = Array.from({ length: 8 }, (_, index) => index)

interface ContactSheetProps {
  pictures: Picture[]
  isOnline: boolean
  /** No page of earlier pictures has arrived yet. */
  isLoading: boolean
  isComplete: boolean
  actions: PictureActions
}

/** The frames. When one is added or removed, the others glide to their new places instead of jumping. */
export class ContactSheet extends Component<ContactSheetProps> {
  readonly grid = createRef<HTMLDivElement>()

  override getSnapshotBeforeUpdate({ pictures }: ContactSheetProps) {
    const { length } = this.props.pictures
    const isSame = pictures.length === length && pictures[0]?.key === this.props.pictures[0]?.key
    // Further down, the browser keeps the visible frames in place itself (scroll anchoring).
    return isSame || scrollY > 0 ? null : this.visibleFrames()
  }

  override componentDidUpdate(_: ContactSheetProps, __: object, before: Map<HTMLElement, DOMRect> | null) {
    for (const [frame, from] of before ?? []) if (frame.isConnected) glide(frame, from)
  }

  private visibleFrames(): Map<HTMLElement, DOMRect> {
    const frames = new Map<HTMLElement, DOMRect>()
    for (const frame of this.grid.current?.querySelectorAll<HTMLElement>(':scope > *') ?? []) {
      const place = frame.getBoundingClientRect()
      if (place.top > innerHeight) break
      if (place.bottom > 0) frames.set(frame, place)
    }
    return frames
  }

  override render({ pictures, isOnline, isLoading, isComplete, actions }: ContactSheetProps) {
    return (
      <div class="grid" ref={this.grid}>
        {pictures.map((picture) => (
          <Frame key={picture.key} picture={picture} isOnline={isOnline} actions={actions} />
        ))}
        {isLoading &&
          SKELETONS.slice(pictures.length).map((index) => (
            <div key={`skeleton-${index}`} class="skeleton" aria-hidden="true" />
          ))}
        {isComplete && pictures.length === 0 && (
          <p class="empty">No pictures yet. Your first picture appears here.</p>
        )}
      </div>
    )
  }
}

/** A transform in the same rendering holds the frame where it was; then a transition takes it to its new place. */
function glide(frame: HTMLElement, from: DOMRect): void {
  frame.classList.remove('gliding')
  frame.style.transform = ''
  const to = frame.getBoundingClientRect()
  if (from.x === to.x && from.y === to.y) return
  frame.style.transform = `translate(${from.x - to.x}px, ${from.y - to.y}px)`
  requestAnimationFrame(() => {
    frame.classList.add('gliding')
    frame.style.transform = ''
  })
}
