use heliograph_stt::engine::*; use heliograph_stt::model_file::*; use heliograph_stt::vad::*; use heliograph_stt::front::*; use heliograph_stt::segment::*; use heliograph_stt::gates;
use std::time::Instant;
fn cache()->std::path::PathBuf{ std::path::PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/heliograph") }
fn wav(p:&str)->Vec<i16>{ hound::WavReader::open(cache().join("audio").join(p)).unwrap().samples::<i16>().map(|s|s.unwrap()).collect() }
fn eng(m:&str,t:usize)->Whisper{ let f=ModelFile::read(&cache().join("models").join(m),None).unwrap(); let l=f.whisper_layout(None).unwrap(); Whisper::load(&f,l,t).unwrap() }
fn vad()->VoiceActivity{ VoiceActivity::load(&ModelFile::read(&cache().join("models/ggml-silero-v6.2.0.bin"),None).unwrap()).unwrap() }
fn spans(v:&mut VoiceActivity,pcm:&[i16])->Vec<Event>{ let mut f=Front::new(0); f.push(pcm,Instant::now()); f.finish(); let mut out=vec![]; loop{ match f.advance(v).unwrap(){ Step::Event(e)=>{out.push(e); f.settle();} Step::Ended=>return out, _=>{} } f.trim(); } }
#[test] fn vadcost(){
  let pcm=wav("demo.wav"); let fl:Vec<f32>=pcm.iter().map(|s|to_float(*s)).collect();
  let mut v=vad();
  // whole
  let f=whisper_rs::WhisperVadContext::new(cache().join("models/ggml-silero-v6.2.0.bin").to_str().unwrap(),{let mut p=whisper_rs::WhisperVadContextParams::new();p.set_n_threads(1);p}).unwrap(); let mut f=f;
  let t=Instant::now(); f.detect_speech(&fl).unwrap(); let whole=f.probabilities().to_vec(); println!("whole {} windows {:?}", whole.len(), t.elapsed());
  for warm in [0usize,8,16,32,64,128] { for block in [8usize,16] {
    let t=Instant::now(); let mut worst=0f32; let mut flips=0; let mut sum=0f32; let mut n=0;
    let mut b=0; while (b+block)*512<=fl.len(){ let from=b.saturating_sub(warm); f.detect_speech(&fl[from*512..(b+block)*512]).unwrap(); let p=&f.probabilities()[b-from..]; for i in 0..block{ let d=(p[i]-whole[b+i]).abs(); worst=worst.max(d); sum+=d; n+=1; if (p[i]>=0.5)!=(whole[b+i]>=0.5){flips+=1} } b+=block; }
    println!("warm {warm} block {block}: {:?} worst {worst:.3} mean {:.4} flips {flips}/{n}", t.elapsed(), sum/n as f32);
  }}
  let t=Instant::now(); let s=spans(&mut v,&pcm); println!("front {:?}", t.elapsed()); for e in s { println!("{:?} {:.2}..{:.2}", matches!(e,Event::Speech(_)), e.span().start as f64/16e3, e.span().end as f64/16e3); }
}
#[test] fn rtf(){
  let pcm=wav(&std::env::var("WAV").unwrap_or("demo.wav".into())); let mut v=vad();
  for m in std::env::var("MODELS").unwrap_or("ggml-tiny.en-q8_0.bin,ggml-base-q8_0.bin".into()).split(',') {
    let mut e=eng(m,std::env::var("T").unwrap_or("1".into()).parse().unwrap());
    for w in [Window::Fitted,Window::Full] {
    let t=Instant::now(); let sp=spans(&mut v,&pcm); let tv=t.elapsed(); let t=Instant::now(); let mut txt=vec![];
    for s in &sp { if let Event::Speech(s)=s { let fl:Vec<f32>=pcm[s.start as usize..s.end as usize].iter().map(|x|to_float(*x)).collect(); let t=Instant::now(); let r=e.transcribe(&fl,None,w).unwrap(); if std::env::var("V").is_ok(){println!("{:.2}s {:?} ns {:.3} lp {:.3} {} {:?} {}", fl.len() as f64/16e3, t.elapsed(), r.no_speech_probability,r.average_log_probability,r.language,gates::judge(&r),r.text);} txt.push(r.text); } }
    println!("CPU {:?}", std::fs::read_to_string("/proc/self/schedstat")); println!("{m} {w:?} vad {:?} whisper {:?} rtf {:.3}", tv, t.elapsed(), (tv+t.elapsed()).as_secs_f64()/(pcm.len() as f64/16e3));
    std::fs::write(format!("/tmp/hs/{m}-{w:?}.txt"), txt.join(" ")).unwrap();
  }}
}
#[test] fn gatestats(){
  let mut v=vad(); let m=std::env::var("MODEL").unwrap(); let mut e=eng(&m,std::env::var("T").unwrap_or("1".into()).parse().unwrap()); let langs=std::env::var("LANGS").unwrap_or("en".into());
  let man=std::fs::read_to_string(cache().join("audio/manifest.tsv")).unwrap(); let mut out=String::new();
  for l in man.lines().step_by(std::env::var("STEP").unwrap_or("1".into()).parse().unwrap()) { let c:Vec<&str>=l.split('\t').collect(); if !langs.split(',').any(|x|x==c[1]){continue}
    let pcm=wav(c[0]); let sp=spans(&mut v,&pcm);
    for s in &sp { if let Event::Speech(s)=s { let fl:Vec<f32>=pcm[s.start as usize..s.end as usize].iter().map(|x|to_float(*x)).collect();
      let r=e.transcribe(&fl,None,Window::Fitted).unwrap(); out+=&format!("{}\t{}\t{:.2}\t{:.3}\t{:.3}\t{}\t{:?}\t{}\t{}\t{}\n",c[0],c[1],fl.len() as f64/16e3,r.no_speech_probability,r.average_log_probability,r.language,gates::judge(&r),r.text,c[2],r.tokens); } else { out+=&format!("{}\tBURST\t{:?}\n",c[0],s); } }
    if sp.is_empty(){ out+=&format!("{}\tNOSPEECH\n",c[0]); }
  }
  std::fs::write(format!("/tmp/hs/gates-{m}-{}.tsv",std::env::var("TAG").unwrap_or("x".into())),out).unwrap();
}

#[test] fn tsmode(){
  let mut v=vad(); let m=std::env::var("MODEL").unwrap(); let ctx=whisper_rs::WhisperContext::new_with_params(cache().join("models").join(&m), whisper_rs::WhisperContextParameters::default()).unwrap(); let mut st=ctx.create_state().unwrap();
  let langs=std::env::var("LANGS").unwrap_or("en".into()); let floor:i32=std::env::var("FLOOR").unwrap().parse().unwrap(); let single=std::env::var("SINGLE").is_ok();
  let man=std::fs::read_to_string(cache().join("audio/manifest.tsv")).unwrap(); let mut out=String::new(); let mut secs=0.0; let t=Instant::now();
  for l in man.lines().step_by(std::env::var("STEP").unwrap_or("1".into()).parse().unwrap()) { let c:Vec<&str>=l.split('\t').collect(); if !langs.split(',').any(|x|x==c[1]){continue}
    let pcm=wav(c[0]); let sp=spans(&mut v,&pcm);
    for s in &sp { if let Event::Speech(s)=s { let fl:Vec<f32>=pcm[s.start as usize..s.end as usize].iter().map(|x|to_float(*x)).collect(); secs+=fl.len() as f64/16e3;
      let a=((((fl.len()+15999)/16000+1)*50+63)/64*64) as i32; let mut p=whisper_rs::FullParams::new(whisper_rs::SamplingStrategy::Greedy{best_of:1}); p.set_n_threads(1); p.set_audio_ctx(a.max(floor).min(1500)); p.set_no_context(true); p.set_temperature_inc(0.0); p.set_language(Some(c[1])); p.set_single_segment(single); p.set_print_progress(false); p.set_print_timestamps(false); p.set_print_realtime(false);
      st.full(p,&fl).unwrap(); let mut txt=String::new(); let mut n=0; for seg in st.as_iter(){ txt+=&seg.to_str_lossy().unwrap(); n+=seg.n_tokens(); }
      out+=&format!("{}\t{}\t{:.2}\t0\t0\t{}\tNone\t{}\t{}\t{}\n",c[0],c[1],fl.len() as f64/16e3,c[1],txt.trim(),c[2],n); } }
  }
  println!("secs {secs} wall {:?}",t.elapsed());
  std::fs::write(format!("/tmp/hs/gates-{m}-{}.tsv",std::env::var("TAG").unwrap()),out).unwrap();
}
