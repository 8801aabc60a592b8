import { createClient, DarkroomError } from '@darkroom/client'
import { render } from 'preact'
import type { Session } from '../src/session.ts'
import { element, showNotice } from './announce.ts'
import { followPicture } from './follow-picture.ts'
import { Frame } from './frame.tsx'
import { createSheet, type Picture } from './sheet.ts'
import { showRecent } from './show-recent.ts'
import { createUploader } from './uploader.ts'

const OFFLINE =
  'You are offline. Pictures that you add stay on this page and are sent when you are online again.'
const NO_SERVER = 'Loupe’s server is not responding. Reload the page in a moment.'

function start(session: Session) {
  const client = createClient({ url: session.api, credential: session.credential })
  const sheet = createSheet(draw)
  const follow = (id: string) => void followPicture(id, sheet, client)
  const uploader = createUploader(session, sheet, follow)

  /** Presigned links expire after an hour or two. Asking for the status again returns new ones. */
  function showStale(id: string) {
    const detail = 'This picture is developed, but it could not be loaded.'
    const problem = { title: 'Not loaded', detail, retry: () => follow(id) }
    sheet.change(id, { stage: 'failed', problem })
  }

  function draw(pictures: Picture[]) {
    const frames = pictures.map((picture, index) => (
      <Frame
        key={picture.id}
        picture={picture}
        number={pictures.length - index}
        onRemove={uploader.remove}
        onStale={showStale}
      />
    ))
    render(frames.length > 0 ? frames : <Empty />, element('sheet'))
  }

  async function refresh() {
    try {
      await showRecent(sheet, client)
      showNotice(navigator.onLine ? '' : OFFLINE)
    } catch (error) {
      const reason = error instanceof DarkroomError ? error.detail : 'Darkroom cannot be reached.'
      showNotice(`Your recent pictures could not be loaded. ${reason}`)
    }
    sheet.draw()
  }

  addEventListener('offline', () => showNotice(OFFLINE))
  addEventListener('online', () => {
    for (const { problem } of sheet.pictures()) problem?.retry?.()
    refresh()
  })
  addEventListener('beforeunload', (event) => {
    if (sheet.pictures().some(({ stage }) => stage === 'uploading')) event.preventDefault()
  })
  return refresh()
}

function Empty() {
  return <p class="empty">No pictures yet. Your first picture appears here.</p>
}

async function getSession(): Promise<Session> {
  const response = await fetch('/session')
  if (!response.ok) throw new Error(`GET /session returned ${response.status}`)
  return await response.json()
}

getSession().then(start, () => showNotice(NO_SERVER))
