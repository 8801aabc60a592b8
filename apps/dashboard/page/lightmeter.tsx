import { render } from 'preact'
import { Board } from './board.tsx'
import { images } from './format.ts'
import { getAttributeRows, getFigures, type Reading } from './get-figures.ts'
import { readSelection, type Selection, select, todayOf, toUrl } from './selection.ts'
import { sum } from './sums.ts'

/** After a failed request. */
const RETRY_SECONDS = 5

const SLOW_AFTER_MS = 10_000

/** Key in localStorage for the last selection. */
const STORAGE_KEY = 'lightmeter'

const board = element('board')
let reading: Reading | undefined
let selection: Selection | undefined
let errorMessage = ''
let timer: ReturnType<typeof setTimeout> | undefined
const slow = setTimeout(() => {
  element('loading').textContent = 'Loading takes longer than usual …'
}, SLOW_AFTER_MS)

async function refresh(): Promise<void> {
  clearTimeout(timer)
  try {
    const figures = await getFigures()
    for (let url = ''; url !== location.href; ) {
      url = location.href
      // A preset's days change at midnight.
      const selected = readSelection(url, figures)
      const { app, attribute } = selected
      const byAttribute = attribute ? { app, rows: await getAttributeRows(app) } : undefined
      reading = { ...figures, byAttribute }
      selection = selected
    }
    errorMessage = ''
  } catch (error) {
    errorMessage = (error as Error).message
  }
  draw()
  const seconds = errorMessage ? RETRY_SECONDS : (reading?.refreshSeconds ?? RETRY_SECONDS)
  if (!document.hidden) timer = setTimeout(refresh, seconds * 1000)
}

function draw(): void {
  clearTimeout(slow)
  document.getElementById('loading')?.remove()
  if (reading && selection) {
    render(<Board reading={reading} selection={selection} error={errorMessage} onSelect={onSelect} />, board)
    return
  }
  render(
    <div class="nothing" role="alert">
      <h2>No data</h2>
      <p>{errorMessage}</p>
      <button type="button" onClick={refresh}>
        Try again
      </button>
    </div>,
    board,
  )
}

function onSelect(selected: Selection): void {
  if (!reading) return
  const url = toUrl(location.href, selected, todayOf(reading))
  if (url !== location.href) history.pushState(null, '', url)
  localStorage.setItem(STORAGE_KEY, location.search)
  show(selected)
}

/** Back and forward go through the selections. */
function onHistory(): void {
  if (reading) show(readSelection(location.href, reading))
}

/** @param selected the selection in the URL */
async function show(selected: Selection): Promise<void> {
  if (selected.attribute && reading?.byAttribute?.app !== selected.app) {
    await refresh()
  } else {
    selection = selected
    draw()
  }
  announceSelection()
}

function announceSelection(): void {
  if (!reading || !selection) return
  const rows = select(reading, selection).images_by_hour
  element('announcer').textContent = `${images(sum(rows, (row) => row.images))} selected`
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found
}

addEventListener('popstate', onHistory)
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (!document.hidden) refresh()
})
const stored = localStorage.getItem(STORAGE_KEY)
if (stored && !location.search) history.replaceState(null, '', stored)
refresh()
