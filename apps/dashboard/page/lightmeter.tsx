import { render } from 'preact'
import { Board } from './board.tsx'
import { getFigures, type Reading } from './get-figures.ts'
import { readSelection, type Selection, select, toAddress, todayOf } from './selection.ts'
import { sum } from './sums.ts'
import { images } from './words.ts'

/** After a failed reading. */
const TRY_AGAIN_SECONDS = 5

/** Where the last choice is kept for the next visit. */
const CHOICE = 'lightmeter'

const board = element('board')
let reading: Reading | undefined
let selection: Selection | undefined
let trouble = ''
let timer: ReturnType<typeof setTimeout> | undefined

async function refresh(): Promise<void> {
  clearTimeout(timer)
  try {
    reading = await getFigures()
    trouble = ''
    // Of a preset the days move on at midnight.
    selection = readSelection(location.href, reading)
  } catch (error) {
    trouble = (error as Error).message
  }
  draw()
  const seconds = trouble ? TRY_AGAIN_SECONDS : (reading?.refreshSeconds ?? TRY_AGAIN_SECONDS)
  if (!document.hidden) timer = setTimeout(refresh, seconds * 1000)
}

function draw(): void {
  if (reading && selection) {
    render(<Board reading={reading} selection={selection} trouble={trouble} onSelect={choose} />, board)
    return
  }
  render(
    <div class="nothing" role="alert">
      <h2>There are no figures</h2>
      <p>{trouble}</p>
      <button type="button" onClick={refresh}>
        Try again
      </button>
    </div>,
    board,
  )
}

function choose(chosen: Selection): void {
  if (!reading) return
  selection = chosen
  history.replaceState(null, '', toAddress(location.href, chosen, todayOf(reading)))
  localStorage.setItem(CHOICE, location.search)
  draw()
  const rows = select(reading.views, chosen).images_by_hour
  element('announcer').textContent = `${images(sum(rows, (row) => row.images))} chosen`
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found
}

document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (!document.hidden) refresh()
})
const choice = localStorage.getItem(CHOICE)
if (choice && !location.search) history.replaceState(null, '', choice)
board.replaceChildren()
refresh()
