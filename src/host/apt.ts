// SPDX-License-Identifier: GPL-2.0-only
/** The host's Debian sources, read as sources.list(5) words them (one-line and deb822), and a private apt
 *  configuration (apt.conf(5)) that reads from the same place and touches nothing of the host's. */
import path from 'node:path';

/** One archive as the host is told of it. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** The value of Signed-By, continuation lines included: paths, or a whole key. */
  readonly signedBy?: string;
}

/** Active binary sources of a *.sources file. */
export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.replace(/^#.*\n?/gm, '').split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>();
    for (const [, name, value] of stanza.matchAll(/^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)/gm))
      fields.set(name!.toLowerCase(), value!);
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || /^(no|false|off|0)$/i.test(fields.get('enabled')?.trim() ?? ''))
      continue;
    const signedBy = fields.get('signed-by');
    sources.push({
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      ...(signedBy?.trim() ? { signedBy: signedBy.trimEnd() } : {}),
    });
  }
  return sources;
}

/** Active binary sources of a *.list file: 'deb [signed-by=/key.gpg arch=amd64] URI SUITE COMPONENT...'. */
export function parseSourcesList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const [, options = '', uri, suite, components] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1]?.replaceAll(',', ' ');
    sources.push({
      uris: [uri!],
      suites: [suite!],
      components: components!.split(/\s+/).filter(Boolean),
      ...(signedBy ? { signedBy } : {}),
    });
  }
  return sources;
}

/** Suites whose release changes its name: a host of sid says in os-release(5) what the next release will be called. */
const moving = ['sid', 'unstable', 'testing', 'stable', 'oldstable'];
/** Others call suites of theirs `stable`, too. */
const isDebians = ({ uris }: AptSource) => uris.some(uri => /\/debian\/*$/.test(uri));

/** The sources that offer `suite`: the host's own where it has them (its security and updates too), otherwise
 *  the archive of the host's own release, asked for that suite. Empty when the host has no Debian archive. */
export function sourcesFor(suite: string, codename: string, host: readonly AptSource[]): AptSource[] {
  const inMain = host.filter(source => source.components.includes('main'));
  const companions = [suite, `${suite}-security`, `${suite}/updates`, `${suite}-updates`];
  const own = inMain
    .map(source => ({ ...source, suites: source.suites.filter(name => companions.includes(name)) }))
    .filter(source => source.suites.length > 0);
  if (own.some(source => source.suites.includes(suite))) return own.map(mainOnly);
  const release =
    inMain.find(source => source.suites.includes(codename)) ??
    inMain.find(source => isDebians(source) && source.suites.some(name => moving.includes(name)));
  return release ? [mainOnly({ ...release, suites: [suite] })] : [];
}

const mainOnly = (source: AptSource): AptSource => ({ ...source, components: ['main'] });

/** A *.sources file. */
export function formatDeb822(sources: readonly AptSource[]): string {
  return sources
    .map(source =>
      [
        'Types: deb',
        `URIs: ${source.uris.join(' ')}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${source.components.join(' ')}`,
        ...(source.signedBy ? [`Signed-By: ${source.signedBy}`] : []),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** State, cache and sources in `folder`; proxies and trusted keys stay the host's, its hooks do not run. With an
 *  architecture packages are that one's, whatever the host runs. */
export function formatAptConf(folder: string, architecture?: string): string {
  const settings = {
    'Dir::Etc::sourcelist': path.join(folder, 'private.sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::Lists': path.join(folder, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': path.join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    'APT::Status-Fd': '1',
    'APT::Update::Error-Mode': 'any',
    'Acquire::Languages': 'none',
    ...(architecture === undefined
      ? {}
      : { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
  };
  return [
    ...Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)};`),
    ...['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success'].map(hook => `#clear APT::Update::${hook};`),
    '',
  ].join('\n');
}

/** 'dlstatus:1:45.2000:Retrieving file 1 of 1' to 45.2; undefined for other lines. */
export function parseDownloadPercent(line: string): number | undefined {
  const match = /^dlstatus:\d+:(\d+(?:\.\d+)?):/.exec(line);
  return match ? Number(match[1]) : undefined;
}

/** The file that `apt-get download --print-uris` names. */
export function parsePrintedUri(text: string): { file: string; bytes: number } | undefined {
  const match = /^'[^']*' (\S+) (\d+)/m.exec(text);
  return match ? { file: match[1]!, bytes: Number(match[2]) } : undefined;
}
