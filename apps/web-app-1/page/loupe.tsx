import { createClient, DarkroomError } from '@darkroom/client'
import { render } from 'preact'
import type { Session } from '../src/session.ts'
import { followPicture } from './follow-picture.ts'
import { Frame } from './frame.tsx'
import { element, notice } from './say.ts'
import { createSheet, type Picture } from './sheet.ts'
import { showRecent } from './show-recent.ts'
import { createUploader } from './uploader.ts'

const OFFLINE = 'You are offline. Pictures that you add stay on this page and are sent once you are back.'
const NO_SERVER = 'Loupe’s own server does not answer. Reload the page in a moment.'

function start(session: Session) {
  const client = createClient({ url: session.api, credential: session.credential })
  const sheet = createSheet(draw)
  const follow = (id: string) => void followPicture(id, sheet, client)
  const uploader = createUploader(session, sheet, follow)

  /** Links to copies are valid for an hour or two; whoever asks again gets new ones. */
  function isStale(id: string) {
    const detail = 'It is developed, but its copies cannot be loaded just now.'
    const trouble = { title: 'Not shown', detail, retry: () => follow(id) }
    sheet.change(id, { stage: 'failed', trouble })
  }

  function draw(pictures: Picture[]) {
    const frames = pictures.map((picture, index) => (
      <Frame
        key={picture.id}
        picture={picture}
        number={pictures.length - index}
        onPutAway={uploader.putAway}
        onStale={isStale}
      />
    ))
    render(frames.length > 0 ? frames : <Empty />, element('sheet'))
  }

  async function refresh() {
    try {
      await showRecent(sheet, client)
      notice(navigator.onLine ? '' : OFFLINE)
    } catch (error) {
      const reason = error instanceof DarkroomError ? error.detail : 'Darkroom cannot be reached.'
      notice(`Earlier pictures cannot be listed. ${reason}`)
    }
    sheet.draw()
  }

  addEventListener('offline', () => notice(OFFLINE))
  addEventListener('online', () => {
    for (const { trouble } of sheet.pictures()) trouble?.retry?.()
    refresh()
  })
  addEventListener('beforeunload', (event) => {
    if (sheet.pictures().some(({ stage }) => stage === 'uploading')) event.preventDefault()
  })
  return refresh()
}

function Empty() {
  return <p class="empty">Nothing is on the sheet yet. Your first picture appears here.</p>
}

async function getSession(): Promise<Session> {
  const answer = await fetch('/session')
  if (!answer.ok) throw new Error(`/session answered ${answer.status}`)
  return await answer.json()
}

getSession().then(start, () => notice(NO_SERVER))
