/** What a node sells, and the set of it. */

/** The billable kinds, in the order of their numbers. */
export const SERVICES = ['audio', 'video', 'data', 'transcription'] as const;

/**
 * A billable kind: audio, video or data forwarded (per participant-minute), or speech transcribed (per
 * minute of audio).
 */
export type Service = (typeof SERVICES)[number];

/** One value for each kind, in the order of {@link SERVICES}. */
export type PerService<T> = readonly [audio: T, video: T, data: T, transcription: T];

/** The set as the programs store it: kind `k` is bit `1 << k`. */
export function serviceSet(services: readonly Service[]): number {
    return services.reduce((set, service) => set | (1 << SERVICES.indexOf(service)), 0);
}

/** The kinds in a set. */
export function servicesIn(set: number): Service[] {
    return SERVICES.filter((_, kind) => (set & (1 << kind)) !== 0);
}

/** Values by name, in the order the programs store them; kinds not named get `otherwise`. */
export function perService<T>(values: Partial<Record<Service, T>>, otherwise: T): PerService<T> {
    const of = (service: Service) => values[service] ?? otherwise;
    return [of('audio'), of('video'), of('data'), of('transcription')];
}
