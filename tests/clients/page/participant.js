/**
 * What a test asks of a participant, in its page. `LivekitClient` is the published build.
 */
'use strict';

/** The room of this page, for tests to use as an app would. */
var room;

var call = {
    /** [name, ...what it carried], oldest first; only what is plain data. */
    events: [],
    /** Element of each subscribed track, by sid. */
    elements: {},
    /** Pictures that came out of each subscribed video, by sid. */
    pictures: {},
    /** Ends the counting of a video's pictures, by sid. */
    unwatch: {},

    /**
     * Joins. `signalling` is `single` (one peer connection, `/rtc/v1`), `dual` (`/rtc`) or the
     * client's own choice; `key` turns end-to-end encryption on.
     */
    async join(url, token, { signalling, key, connect, ...options }) {
        const L = LivekitClient;
        if (signalling) options.singlePeerConnection = signalling === 'single';
        if (key) {
            const keyProvider = new L.ExternalE2EEKeyProvider();
            await keyProvider.setKey(key);
            const encryption = { keyProvider, worker: new Worker('e2ee.js') };
            // Newer releases encrypt data too, under another name.
            if ('DataTrackPublished' in L.RoomEvent) options.encryption = encryption;
            else options.e2ee = encryption;
        }
        room = new L.Room(options);
        call.listen();
        if (key) await room.setE2EEEnabled(true);
        await room.connect(url, token, connect);
    },

    /** Notes what happens. */
    listen() {
        const note = (name, take) =>
            room.on(name, (...carried) => call.events.push([name, ...take(...carried)]));
        const nothing = () => [];
        const track = (publication, participant) => [
            participant.identity,
            publication.trackSid,
            publication.source,
        ];
        for (const name of ['reconnecting', 'signalReconnecting', 'reconnected']) {
            note(name, nothing);
        }
        note('disconnected', (reason) => [LivekitClient.DisconnectReason[reason]]);
        note('participantConnected', (participant) => [participant.identity]);
        // Older releases tell no reason.
        note('participantDisconnected', (participant, reason) => [
            participant.identity,
            LivekitClient.DisconnectReason[reason],
        ]);
        note('trackPublished', track);
        note('trackUnpublished', track);
        note('trackMuted', track);
        note('trackUnmuted', track);
        note('localTrackSubscribed', track);
        note('trackSubscriptionPermissionChanged', (publication, status, participant) => [
            participant.identity,
            publication.trackSid,
            status,
        ]);
        note('trackStreamStateChanged', (publication, state, participant) => [
            participant.identity,
            publication.trackSid,
            state,
        ]);
        note('participantMetadataChanged', (old, participant) => [
            participant.identity,
            participant.metadata,
        ]);
        note('participantNameChanged', (name, participant) => [participant.identity, name]);
        note('participantAttributesChanged', (changed, participant) => [
            participant.identity,
            changed,
        ]);
        note('participantPermissionsChanged', (old, participant) => [
            participant.identity,
            JSON.parse(JSON.stringify(participant.permissions)),
        ]);
        note('roomMetadataChanged', (metadata) => [metadata]);
        note('activeSpeakersChanged', (speakers) => [speakers.map((who) => who.identity)]);
        note('connectionQualityChanged', (quality, participant) => [participant.identity, quality]);
        note('participantEncryptionStatusChanged', (on, participant) => [
            participant?.identity,
            on,
        ]);
        note('encryptionError', (error) => [error.message]);
        note('dataReceived', (payload, participant, kind, topic) => [
            participant?.identity,
            new TextDecoder().decode(payload),
            topic,
        ]);
        note('transcriptionReceived', (segments, participant, publication) => [
            participant?.identity,
            publication?.trackSid,
            segments.map(({ id, text, final }) => ({ id, text, final })),
        ]);
        room.on('trackSubscribed', (subscribed, publication, participant) => {
            const element = subscribed.attach();
            element.style.width = '640px';
            element.style.height = '360px';
            document.body.append(element);
            call.elements[publication.trackSid] = element;
            if (subscribed.kind === 'video') call.watch(subscribed, publication.trackSid);
            call.events.push(['trackSubscribed', ...track(publication, participant)]);
        });
        room.on('trackUnsubscribed', (unsubscribed, publication, participant) => {
            // The track has let go of it already, in most cases.
            call.elements[publication.trackSid]?.remove();
            delete call.elements[publication.trackSid];
            call.unwatch[publication.trackSid]?.();
            call.events.push(['trackUnsubscribed', ...track(publication, participant)]);
        });
    },

    /**
     * Counts a track's pictures for as long as it is subscribed. What is decoded need not be shown,
     * and a page in the background is not painted, so that its elements do not tell.
     */
    async watch(subscribed, sid) {
        const track = subscribed.mediaStreamTrack.clone();
        const pictures = new MediaStreamTrackProcessor({ track }).readable.getReader();
        call.unwatch[sid] = () => {
            pictures.cancel();
            track.stop();
        };
        call.pictures[sid] = 0;
        for (;;) {
            const { value, done } = await pictures.read();
            if (done) return;
            value.close();
            call.pictures[sid] += 1;
        }
    },

    /** Publishes microphone and camera, or one of them. `camera` is a size, with frames a second. */
    async publish({ microphone = true, camera, ...options }) {
        const me = room.localParticipant;
        if (microphone) await me.setMicrophoneEnabled(true);
        if (camera) await me.setCameraEnabled(true, { resolution: camera }, options);
    },

    /** Publishes a tone without an end, as the microphone. The fake one beeps now and then. */
    async hum() {
        const context = new AudioContext();
        const tone = new OscillatorNode(context, { frequency: 440 });
        const volume = new GainNode(context, { gain: 0.5 });
        const out = new MediaStreamAudioDestinationNode(context);
        tone.connect(volume).connect(out);
        tone.start();
        const [track] = out.stream.getAudioTracks();
        await room.localParticipant.publishTrack(track, { source: 'microphone' });
    },

    /** Somebody's publication. */
    publication(identity, kind) {
        const who = room.remoteParticipants.get(identity);
        return [...(who?.trackPublications.values() ?? [])].find((each) => each.kind === kind);
    },

    /** Figures of a receiver. */
    async inbound(identity, kind) {
        const publication = call.publication(identity, kind);
        const receiver = publication?.track?.receiver;
        if (!receiver) return undefined;
        const report = [...(await receiver.getStats()).values()];
        const rtp = report.find((each) => each.type === 'inbound-rtp');
        if (!rtp) return undefined;
        return {
            id: publication.trackSid + rtp.mid + rtp.ssrc,
            packets: rtp.packetsReceived,
            lost: rtp.packetsLost,
            frames: rtp.framesDecoded ?? 0,
            pictures: call.pictures[publication.trackSid] ?? 0,
            width: rtp.frameWidth ?? 0,
            height: rtp.frameHeight ?? 0,
            freezes: rtp.freezeCount ?? 0,
            freezes_secs: rtp.totalFreezesDuration ?? 0,
            energy: rtp.totalAudioEnergy ?? 0,
            codec: report.find((each) => each.id === rtp.codecId)?.mimeType,
        };
    },

    /** All that the browser says of the camera's streams, for the message of a failure. */
    async sending() {
        const camera = room.localParticipant.getTrackPublication('camera');
        const report = [...(await camera.track.sender.getStats()).values()];
        return report.filter((each) => ['outbound-rtp', 'media-source'].includes(each.type));
    },

    /** Which layers the camera sends, as { rid: frames encoded }. */
    async outbound() {
        const camera = room.localParticipant.getTrackPublication('camera');
        const layers = {};
        for (const each of (await camera.track.sender.getStats()).values()) {
            if (each.type === 'outbound-rtp') layers[each.rid ?? ''] = each.framesEncoded;
        }
        return layers;
    },
};
