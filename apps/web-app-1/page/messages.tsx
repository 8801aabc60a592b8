import { render } from 'preact'

/** What a notice offers the user to do. */
interface NoticeAction {
  label: string
  run: () => void
}

const NOTICE_MS = 8_000

let timer: ReturnType<typeof setTimeout> | undefined

/** @throws Error if index.html has no element with this id */
export function element<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found as Type
}

/** Announces a change to screen readers. */
export function announce(text: string): void {
  element('announcer').textContent = text
}

/** Shows a message over the page. It disappears after a few seconds, unless it offers an action. */
export function showNotice(text: string, action?: NoticeAction): void {
  clearTimeout(timer)
  if (!action) timer = setTimeout(hideNotice, NOTICE_MS)
  const run = () => {
    hideNotice()
    action?.run()
  }
  render(
    <p>
      {text}{' '}
      {action && (
        <button type="button" onClick={run}>
          {action.label}
        </button>
      )}
      {!action && (
        <button type="button" class="quiet" onClick={hideNotice}>
          Close
        </button>
      )}
    </p>,
    element('notice'),
  )
}

function hideNotice(): void {
  clearTimeout(timer)
  render(null, element('notice'))
}

const OFFLINE =
  'You are offline. Pictures that you add stay on this page and are sent when you are online again.'

/** Shows whether the browser is offline, and calls back when that changes. */
export function followConnection(onChange: (isOnline: boolean) => void): void {
  const show = () => {
    element('offline').textContent = navigator.onLine ? '' : OFFLINE
  }
  show()
  for (const type of ['online', 'offline'])
    addEventListener(type, () => {
      show()
      onChange(navigator.onLine)
    })
}
