import { Component, createRef } from 'preact'
import { Frame, type PictureActions } from './frame.tsx'
import type { Picture } from './sheet.ts'

const SKELETONS = Array.from({ length: 8 }, (_, index) => index)
const MOVE_MS = 220

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
    return isSame ? null : this.visibleFrames()
  }

  override componentDidUpdate(_: ContactSheetProps, __: object, before: Map<Element, DOMRect> | null) {
    for (const [frame, from] of before ?? []) {
      if (!frame.isConnected) continue
      const to = frame.getBoundingClientRect()
      const [x, y] = [from.x - to.x, from.y - to.y]
      if (x === 0 && y === 0) continue
      const frames = [{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }]
      frame.animate(frames, { duration: MOVE_MS, easing: 'ease-out' })
    }
  }

  private visibleFrames(): Map<Element, DOMRect> {
    const frames = new Map<Element, DOMRect>()
    for (const frame of this.grid.current?.children ?? []) {
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
