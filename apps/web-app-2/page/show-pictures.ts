import { backoffMs, pause } from './connection.ts'
import { find } from './document.ts'
import { followPicture } from './follow-pictures.ts'
import { createFrame, type Frame } from './frame.ts'
import { getJson, type Picture, type PictureList } from './server.ts'

const SLOW_MS = 10_000

const added = find('added')
const earlier = find('earlier')
const older = find<HTMLButtonElement>('older')

/** Shows a new picture before all others. Those of earlier visits keep their columns. */
export function showFirst(frame: Frame): void {
  added.prepend(frame.element)
  find('empty').hidden = true
}

/** Shows the pictures of all days, newest first, a page at a time. */
export async function showEarlier(): Promise<void> {
  const { items, cursor } = await untilListed('')
  find('loading').hidden = true
  append(items)
  find('empty').hidden = added.childElementCount + earlier.childElementCount > 0
  showNext(cursor)
}

function showNext(cursor: string | undefined): void {
  older.hidden = cursor === undefined
  older.disabled = false
  older.onclick = async () => {
    older.disabled = true
    const list = await untilListed(`?cursor=${cursor}`)
    const [first] = append(list.items)
    showNext(list.cursor)
    // The button may be gone, and the keyboard's focus with it.
    if (older.hidden) first?.element.querySelector('a')?.focus()
  }
}

/** Keeps trying, because there is nothing else that the user could do. */
async function untilListed(query: string): Promise<PictureList> {
  const slow = setTimeout(() => showProblem('Loading takes longer than usual …'), SLOW_MS)
  for (let failures = 1; ; failures++) {
    const answer = await getJson<PictureList>(`/api/images${query}`)
    if ('body' in answer) {
      clearTimeout(slow)
      showProblem('')
      return answer.body
    }
    showProblem(`${answer.problem.detail} This page keeps trying.`)
    await pause(backoffMs(failures))
  }
}

function append(items: Picture[]): Frame[] {
  return items.map((picture) => {
    const frame = createFrame({ name: picture.filename ?? 'Unnamed', bytes: picture.original?.bytes })
    earlier.append(frame.element)
    if (!frame.update(picture)) followPicture(picture.id, frame)
    return frame
  })
}

function showProblem(text: string): void {
  find('loading').hidden ||= Boolean(text)
  find('problem').textContent = text
  find('problem').hidden = !text
}
