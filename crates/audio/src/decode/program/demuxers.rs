//! Which of its demuxers the program may use: those that read a file and nothing that a file refers to.

/// Those of files that are known by their first bytes.
const KNOWN: &str = "aac,ac3,act,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dff,dsf,dts,dtshd,eac3,flac,flv,gsm,\
    loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,nut,ogg,oma,qoa,rm,shn,tak,truehd,\
    tta,voc,w64,wav,wv";

/// Those of files that nothing here recognises. Each knows its files by marks that other files do not have by chance, but for those
/// at the end: these are streams without a mark that go by the ending of their name, and whose codec has one rate only. (Raw samples
/// are not among them: nothing tells their rate.)
pub(super) const MARKED: &str = "3dostr,4xm,aa,aax,ace,acm,adx,aea,afc,aix,alp,apc,apm,argo_asf,argo_brp,argo_cvg,ast,avr,\
    avs,bethsoftvid,bfi,bfstm,bink,binka,boa,bonk,brstm,c93,cdxl,codec2,dcstr,derf,dhav,dsicin,\
    dss,dv,dxa,ea,epaf,film_cpk,fsb,fwse,gdv,genh,gxf,hca,hcom,hnm,iamf,idcin,iff,ifv,ilbc,\
    ircam,iss,jv,kvag,laf,libopenmpt,lmlm4,lvf,lxf,mca,mlv,mm,mmf,mods,moflex,msf,msnwctcp,msp,\
    mtaf,mtv,musx,mv,mvi,mxf,mxg,nsp,nsv,nuv,osq,paf,pmp,pp_bnk,psxstr,pva,pvf,\
    qcp,r3d,redspark,rka,rl2,roq,rpl,rsd,rso,scd,sdns,sds,sdx,sga,siff,simbiosis_imx,smjpeg,smk,\
    smush,sol,sox,svag,svs,swf,thp,tmv,txd,ty,usm,vag,vividas,vivo,vmd,vqf,wady,wavarc,wc3movie,\
    wsaud,wsd,wsvqa,wtv,wve,xa,xmv,xvag,xwma,yop,\
    g722,g723_1,g729,sbc,sln";

/// All of them.
pub(super) fn all() -> String {
    format!("{KNOWN},{MARKED}")
}
