import type { Session } from '../src/session.ts'
import { element, showNotice } from './messages.tsx'
import { startPage } from './start-page.tsx'

const SLOW_AFTER_MS = 10_000

async function getSession(): Promise<Session> {
  const response = await fetch('/session')
  if (!response.ok) throw new Error(`GET /session returned ${response.status}`)
  return await response.json()
}

async function start(): Promise<void> {
  const timer = setTimeout(() => {
    element('count').textContent = 'Loading takes longer than usual …'
  }, SLOW_AFTER_MS)
  element('count').textContent = 'Loading your pictures …'
  try {
    startPage(await getSession())
  } catch {
    element('count').textContent = ''
    element('sheet').replaceChildren()
    showNotice('Loupe’s server is not responding.', { label: 'Try again', run: () => void start() })
  } finally {
    clearTimeout(timer)
  }
}

void start()
