import type { Listing } from './list-pictures.ts'
import { isPending, type Picture } from './sheet.ts'

interface SheetEndProps {
  listing: Listing
  isOnline: boolean
  onRetry: () => void
}

/** What is going on below the last frame. */
export function SheetEnd({ listing: { state, isFirst, problem }, isOnline, onRetry }: SheetEndProps) {
  if (state === 'failed' && isOnline)
    return (
      <p role="alert">
        {isFirst ? 'Your pictures' : 'More pictures'} could not be loaded. {problem?.detail}{' '}
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    )
  if (state === 'complete' || isFirst) return null
  return <p>{isOnline ? textOf(state) : 'More pictures are loaded when you are online again.'}</p>
}

function textOf(state: Listing['state']): string {
  return state === 'slow' ? 'Loading more pictures takes longer than usual …' : 'Loading more pictures …'
}

/** `57 to go`, if more than one is. Screen readers hear it with each result. */
export function toGo(all: Picture[]): string {
  const { length } = all.filter(isPending)
  return length > 1 ? `${length.toLocaleString('en')} to go` : ''
}

/** `48 pictures so far, scroll for more`. Files that were refused do not count. */
export function sheetCount(all: Picture[], { state, isFirst }: Listing): string {
  const count = all.filter(({ id, stage }) => id || stage !== 'failed').length
  const pictures = count === 1 ? '1 picture' : `${count.toLocaleString('en')} pictures`
  if (state === 'complete') return count === 0 ? '' : pictures
  if (!isFirst) return `${pictures} so far, scroll for more`
  const words = {
    loading: 'Loading your pictures …',
    partial: 'Loading your pictures …',
    slow: 'Loading takes longer than usual …',
    failed: '',
  }[state]
  return count === 0 ? words : `${count.toLocaleString('en')} added. ${words}`
}
